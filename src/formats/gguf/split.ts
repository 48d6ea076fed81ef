/** Models split into several files: `name-00001-of-00003.gguf` and so on. llama.cpp finds the parts by these names. */
import { AppError } from '../../errors.ts';
import { invalidGguf } from './cursor.ts';
import { describeModel, type GgufModel } from './model.ts';
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

/**
 * Reads and checks a model's file, and the others where it is split.
 * @param first the file; of a split model its first
 * @returns the first file with the tensors of all, and the model they are
 * @throws AppError FILE_NOT_FOUND, GGUF_INVALID
 */
export function readModel(first: string): { readonly file: GgufFile; readonly model: GgufModel } {
  const file = readGguf(first);
  const count = splitNumber(file, 'split.count') ?? 1;
  if (count === 1) return { file, model: describeModel(file) };
  const names = partNames(first);
  if (names?.length !== count) {
    throw invalidGguf(first, `it is one of ${count} parts but its name does not say so`);
  }
  if (first !== names[0]) {
    throw new AppError('GGUF_INVALID', `${first} is not the first of ${count} parts.`, {
      hint: 'Name the first part; the others are found beside it.',
    });
  }
  const parts = names.map((name, i) => (i === 0 ? file : readGguf(name)));
  for (const [i, part] of parts.entries()) {
    const actual = splitNumber(part, 'split.no');
    if (actual !== i || splitNumber(part, 'split.count') !== count) {
      throw invalidGguf(part.path, `it holds part ${(actual ?? -1) + 1}, expected ${i + 1} of ${count}`);
    }
  }
  const whole = { ...file, tensors: parts.flatMap(({ tensors }) => tensors) };
  return { file: whole, model: describeModel(whole) };
}

function splitNumber(file: GgufFile, key: string): number | undefined {
  const entry = file.metadata.get(key);
  if (entry === undefined || entry.type === 'array' || entry.type === 'string' || entry.type === 'bool') {
    return undefined;
  }
  return Number(entry.value);
}
