import path from 'node:path';
import { AppError } from '../../errors.ts';
import { describeModel, type GgufModel, splitOf } from '../../formats/gguf/model.ts';
import { readGguf } from '../../formats/gguf/read.ts';
import type { GgufFile } from '../../formats/gguf/types.ts';

/**
 * Reads and checks a model's file, and the others where it is split, before native code sees any.
 * @param place a GGUF file (of a split model: the first), or a folder with `model.gguf`
 * @throws AppError FILE_NOT_FOUND, GGUF_INVALID
 */
export function openModel(place: string): OpenedModel {
  const file = readGguf(place.endsWith('.gguf') ? place : path.join(place, 'model.gguf'));
  const model = describeModel(file);
  if (model.split.count === 1) return { file, model, parts: [file] };
  if (model.split.index !== 0) {
    throw new AppError('GGUF_INVALID', `${file.path} is part ${model.split.index + 1} of a model.`, {
      hint: 'Name the first part; the others are found beside it.',
    });
  }
  const names = splitNames(file.path, model.split.count);
  const parts = [file, ...names.slice(1).map((name, index) => openPart(name, index + 1, names.length))];
  const tensors = parts.flatMap((part) => part.tensors);
  const wanted = model.split.tensorCount ?? tensors.length;
  if (tensors.length !== wanted || new Set(tensors.map(({ name }) => name)).size !== wanted) {
    throw new AppError(
      'GGUF_INVALID',
      `The ${names.length} parts of ${file.path} hold ${tensors.length} tensors, the first announces ${wanted} different ones.`,
      { hint: 'Parts of different models were mixed: download them again.' },
    );
  }
  return { file, model: describeModel({ ...file, tensors }), parts };
}

/** A further part of a split model: it must be there and say that it is this one. */
function openPart(name: string, index: number, count: number): GgufFile {
  const part = readPart(name, index, count);
  const found = splitOf(part);
  if (found.index === index && found.count === count) return part;
  throw new AppError(
    'GGUF_INVALID',
    `${name} says that it is part ${found.index + 1} of ${found.count}, expected ${index + 1} of ${count}.`,
  );
}

function readPart(name: string, index: number, count: number): GgufFile {
  try {
    return readGguf(name);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'FILE_NOT_FOUND') throw error;
    throw new AppError('FILE_NOT_FOUND', `Part ${index + 1} of ${count} of the model is missing: ${name}.`, {
      hint: 'All parts lie in one folder, under the names they came with.',
      cause: error,
    });
  }
}

export interface OpenedModel {
  /** The file to load; llama.cpp finds the other parts. */
  readonly file: GgufFile;
  readonly model: GgufModel;
  readonly parts: readonly GgufFile[];
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
