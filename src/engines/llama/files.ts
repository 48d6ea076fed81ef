import path from 'node:path';
import { AppError } from '../../errors.ts';
import { describeModel, type GgufModel } from '../../formats/gguf/model.ts';
import { readGguf } from '../../formats/gguf/read.ts';
import type { GgufFile } from '../../formats/gguf/types.ts';

/**
 * Reads and checks a model's file, and the others where it is split, before native code sees any.
 * @param place a GGUF file (of a split model: the first), or a folder with `model.gguf`
 * @throws AppError FILE_NOT_FOUND, GGUF_INVALID
 */
export function openModel(place: string): { readonly file: GgufFile; readonly model: GgufModel } {
  const file = readGguf(place.endsWith('.gguf') ? place : path.join(place, 'model.gguf'));
  const model = describeModel(file);
  if (model.split.count === 1) return { file, model };
  if (model.split.index !== 0) {
    throw new AppError('GGUF_INVALID', `${file.path} is part ${model.split.index + 1} of a model.`, {
      hint: 'Name the first part; the others are found beside it.',
    });
  }
  const parts = splitNames(file.path, model.split.count).slice(1).map(readGguf);
  const tensors = [file, ...parts].flatMap((part) => part.tensors);
  return { file, model: describeModel({ ...file, tensors }) };
}

/** `name-00001-of-00003.gguf` and so on: llama.cpp finds the parts by these names. */
function splitNames(first: string, count: number): string[] {
  const of = String(count).padStart(5, '0');
  const ending = `-00001-of-${of}.gguf`;
  if (count < 1 || count > 999 || !first.endsWith(ending)) {
    throw new AppError(
      'GGUF_INVALID',
      `${first} is one of ${count} parts but its name does not end in ${ending}.`,
    );
  }
  const stem = first.slice(0, -ending.length);
  return Array.from({ length: count }, (_, i) => `${stem}-${String(i + 1).padStart(5, '0')}-of-${of}.gguf`);
}
