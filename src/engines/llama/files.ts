import path from 'node:path';
import { type ReadModel, readModel } from '../../formats/gguf/split.ts';

/**
 * Reads and checks a model's file, and the others where it is split, before native code sees any.
 * @param place a GGUF file (of a split model: the first), or a folder with `model.gguf`
 * @throws AppError FILE_NOT_FOUND, GGUF_INVALID
 */
export function openModel(place: string): ReadModel {
  return readModel(place.endsWith('.gguf') ? place : path.join(place, 'model.gguf'));
}
