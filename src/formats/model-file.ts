/**
 * A model folder: `model.json` (what the model is), one safetensors file of weights, a README.md (the
 * card). model.json names the weights' size and sha256, so a torn or altered folder never loads.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { shippedModels, userPaths } from '../paths.ts';
import { adaptedNames, mergeAdapter } from './adapter.ts';
import { writeFileAtomic } from './atomic-write.ts';
import {
  decodeSafetensors,
  encodeSafetensors,
  loadFloats,
  type StoredTensor,
  storeFloats,
} from './safetensors.ts';

const tokenId = z.int().nonnegative();
const fileName = z.string().regex(/^[\w][\w.-]*$/, 'a plain file name');
const modelId = z.string().regex(/^[a-z0-9][a-z0-9._-]*$/, 'lower-case letters, digits, ".", "_", "-"');
const hash = z.string().regex(/^[0-9a-f]{64}$/, '64 lower-case hex digits');

const modelFileSchema = z
  .object({
    id: modelId,
    /** Engine id as in the registry. */
    engine: z.string().min(1),
    /** One line for a list. */
    description: z.string(),
    /** The engine's hyper-parameters by name (nLayer, nEmbd …). */
    architecture: z.record(z.string(), z.number()),
    parameterCount: z.int().nonnegative(),
    contextLength: z.int().positive(),
    /** Text of every token, by tokenId. */
    vocabulary: z.array(z.string()).min(1).max(1_000_000),
    /** The token a text without a prompt starts from, if there is one. */
    startTokenId: tokenId.optional(),
    /** The token that ends a text, if there is one. */
    stopTokenId: tokenId.optional(),
    trainedOn: z.string(),
    license: z.string(),
    /** How it was trained: recipe name, steps, batch size, seed … */
    recipe: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    /** Mean NLL in nats a token, by what it was measured on (train, val, test …). */
    losses: z.record(z.string(), z.number()),
    /** Present in an adapter: the model whose matrices its weights change, and the sha256 of that model's weights. */
    adapter: z.object({ base: modelId, sha256: hash }).optional(),
    weights: z.object({
      file: fileName,
      bytes: z.int().nonnegative(),
      sha256: hash,
      dtype: z.enum(['F32', 'F16', 'BF16']),
    }),
  })
  .refine(
    ({ vocabulary, startTokenId = 0, stopTokenId = 0 }) =>
      startTokenId < vocabulary.length && stopTokenId < vocabulary.length,
    'startTokenId and stopTokenId must be in the vocabulary',
  );

export type ModelFile = Readonly<z.infer<typeof modelFileSchema>>;
/** A model.json whose weights are not written yet. */
export type ModelDescription = Omit<ModelFile, 'weights'>;

/** Generous for a vocabulary of a million; a model.json is a few kilobytes. */
const maxModelFileBytes = 64_000_000;

/** @throws AppError FILE_NOT_FOUND, FILE_INVALID */
export async function readModelFile(folder: string): Promise<ModelFile> {
  const file = path.join(folder, 'model.json');
  const { size } = await whenFound(stat(file), file);
  if (size > maxModelFileBytes) {
    throw new AppError('FILE_INVALID', `${file} has ${size} bytes; at most ${maxModelFileBytes} are read.`);
  }
  const text = await whenFound(readFile(file, 'utf8'), file);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new AppError('FILE_INVALID', `${file} is not JSON: ${(cause as Error).message}`, { cause });
  }
  const result = modelFileSchema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue?.path.join('.') || 'model.json';
  throw new AppError('FILE_INVALID', `${file} is not a model description: ${where}: ${issue?.message}.`, {
    hint: 'Get the model again, or train it again with `babble train`.',
  });
}

/**
 * The weights of a model folder by tensor name, after checking their size and sha256; an adapter's merged into
 * those of its base.
 * @throws AppError FILE_NOT_FOUND, FILE_CHECKSUM, FILE_INVALID
 */
export async function loadWeights(folder: string): Promise<ReadonlyMap<string, StoredTensor>> {
  const file = await readModelFile(folder);
  const own = await readTensors(folder, file);
  if (!file.adapter) return own;
  const base = await baseFolder(folder, file.adapter);
  return withAdapter(await readTensors(base, await readModelFile(base)), own);
}

/** Bytes of a model's weights; of an adapter's with its base's. @throws as `loadWeights` */
export async function weightBytes(folder: string): Promise<number> {
  const { weights, adapter } = await readModelFile(folder);
  if (!adapter) return weights.bytes;
  return weights.bytes + (await readModelFile(await baseFolder(folder, adapter))).weights.bytes;
}

function baseFolder(folder: string, { base, sha256 }: NonNullable<ModelFile['adapter']>): Promise<string> {
  return findModelFolder(base, sha256, [path.join(path.dirname(folder), base)]);
}

/**
 * The folder of a model with certain weights: one of `places`, else the person's own model of that id, else the
 * shipped one, else a training run's.
 * @throws AppError FILE_NOT_FOUND; FILE_CHECKSUM when models of that id have other weights
 */
export async function findModelFolder(
  id: string,
  wanted: string,
  places: readonly string[] = [],
): Promise<string> {
  const { models, runs } = userPaths();
  const folders = [
    ...places,
    path.join(models, id),
    path.join(shippedModels, id),
    path.join(runs, id, 'model'),
  ];
  let actual: string | undefined;
  for (const folder of folders) {
    const file = await readModelFile(folder).catch(() => undefined);
    if (file?.weights.sha256 === wanted) return folder;
    actual ??= file?.weights.sha256;
  }
  if (actual === undefined) {
    throw new AppError('FILE_NOT_FOUND', `The model ${id}, which this one was made from, is not here.`, {
      hint: 'Bring it back: `babble models` lists what is here.',
    });
  }
  throw new AppError(
    'FILE_CHECKSUM',
    `This was made from the model ${id} with weights of sha256 ${wanted}; the ${id} here has ${actual}.`,
    { hint: `Bring the old ${id} back, or fine-tune again from the new one.` },
  );
}

function withAdapter(
  base: ReadonlyMap<string, StoredTensor>,
  adapter: ReadonlyMap<string, StoredTensor>,
): ReadonlyMap<string, StoredTensor> {
  const floats = (tensors: Iterable<readonly [string, StoredTensor]>) =>
    new Map(Array.from(tensors, ([name, one]) => [name, { shape: one.shape, data: loadFloats(one) }]));
  const changed = new Set(adaptedNames(adapter.keys()));
  const merged = mergeAdapter(floats([...base].filter(([name]) => changed.has(name))), floats(adapter));
  const stored = Array.from(merged, ([name, { shape, data }]) => [name, storeFloats(data, shape)] as const);
  return new Map([...base, ...stored]);
}

async function readTensors(
  folder: string,
  { weights }: ModelFile,
): Promise<ReadonlyMap<string, StoredTensor>> {
  const file = path.join(folder, weights.file);
  const { size } = await whenFound(stat(file), file);
  const changed = (what: string) =>
    new AppError('FILE_CHECKSUM', `${file} is not the file that model.json describes: ${what}.`, {
      hint: 'The file is damaged or was replaced. Get the model again, or train it again.',
    });
  if (size !== weights.bytes) throw changed(`${size} bytes, expected ${weights.bytes}`);
  const bytes = await whenFound(readFile(file), file);
  const actual = sha256(bytes);
  if (actual !== weights.sha256) throw changed(`sha256 ${actual}, expected ${weights.sha256}`);
  return decodeSafetensors(bytes).tensors;
}

/**
 * Writes or replaces a model folder. model.json is written last, in one rename, so a reader sees the
 * old model or the new: while an old one stands, its weights file is left alone until that rename.
 * @returns the model.json written.
 */
export async function writeModelFolder(
  folder: string,
  description: ModelDescription,
  tensors: ReadonlyMap<string, StoredTensor>,
  card?: string,
): Promise<ModelFile> {
  await mkdir(folder, { recursive: true });
  const old = await readModelFile(folder).catch(() => undefined);
  const file = old?.weights.file === 'weights.safetensors' ? 'weights-2.safetensors' : 'weights.safetensors';
  const bytes = encodeSafetensors(tensors);
  const dtype = [...tensors.values()][0]?.dtype;
  const model = modelFileSchema.parse({
    ...description,
    weights: { file, bytes: bytes.byteLength, sha256: sha256(bytes), dtype },
  });
  await writeFileAtomic(path.join(folder, file), bytes);
  if (card !== undefined) await writeFileAtomic(path.join(folder, 'README.md'), card);
  await writeFileAtomic(path.join(folder, 'model.json'), `${JSON.stringify(model, null, 2)}\n`);
  if (old && old.weights.file !== file) await rm(path.join(folder, old.weights.file), { force: true });
  return model;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function whenFound<T>(reading: Promise<T>, file: string): Promise<T> {
  try {
    return await reading;
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code;
    if (missing === 'ENOENT' || missing === 'ENOTDIR') {
      throw new AppError('FILE_NOT_FOUND', `There is no file ${file}.`, { cause });
    }
    throw new AppError('FILE_INVALID', `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
