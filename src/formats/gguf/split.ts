/** Models split into several files: `name-00001-of-00003.gguf` and so on. llama.cpp finds the parts by these names. */
import { AppError } from '../../errors.ts';
import { describeModel, type GgufModel, splitOf } from './model.ts';
import { readGguf } from './read.ts';
import type { GgufFile } from './types.ts';

const partPattern = /-(\d{5})-of-(\d{5})[.]gguf$/;

/** More parts than any model has. */
const mostParts = 999;

/** The names of all parts, first to last, from the name or path of any; undefined for a model in one file. */
export function partNames(name: string): readonly string[] | undefined {
  const found = partPattern.exec(name);
  const count = Number(found?.[2]);
  if (found === null || count < 1 || count > mostParts) return undefined;
  const stem = name.slice(0, found.index);
  return Array.from(
    { length: count },
    (_, i) => `${stem}-${String(i + 1).padStart(5, '0')}-of-${found[2]}.gguf`,
  );
}

/** The name without its part: `big-00001-of-00003.gguf` → `big.gguf`. */
export function withoutPart(name: string): string {
  return name.replace(partPattern, '.gguf');
}

export interface ReadModel {
  /** The file to load, of a split model its first; llama.cpp finds the other parts. */
  readonly file: GgufFile;
  /** With the weights of all parts. */
  readonly model: GgufModel;
  readonly parts: readonly GgufFile[];
}

/**
 * Reads and checks a model's file, and the others where it is split.
 * @param first the file; of a split model its first
 * @throws AppError FILE_NOT_FOUND, GGUF_INVALID
 */
export function readModel(first: string): ReadModel {
  const file = readGguf(first);
  const { index, count, tensorCount } = splitOf(file);
  if (count === 1) return { file, model: describeModel(file), parts: [file] };
  if (index !== 0) {
    throw new AppError('GGUF_INVALID', `${first} is part ${index + 1} of a model.`, {
      hint: 'Name the first part; the others are found beside it.',
    });
  }
  const names = partNames(first);
  if (names?.length !== count || names[0] !== first) {
    const ending = `-00001-of-${String(count).padStart(5, '0')}.gguf`;
    throw new AppError(
      'GGUF_INVALID',
      `${first} is one of ${count} parts but its name does not end in ${ending}.`,
    );
  }
  const parts = [file, ...names.slice(1).map((name, i) => openPart(name, i + 1, count))];
  const tensors = parts.flatMap((part) => part.tensors);
  const wanted = tensorCount ?? tensors.length;
  if (tensors.length !== wanted || new Set(tensors.map(({ name }) => name)).size !== wanted) {
    throw new AppError(
      'GGUF_INVALID',
      `The ${count} parts of ${first} hold ${tensors.length} tensors, the first announces ${wanted} different ones.`,
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
