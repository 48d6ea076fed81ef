/** Checkpoints: everything a run needs to go on, in one file, so that no two parts can disagree after a cut. */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { writeFileAtomic } from '../formats/atomic-write.ts';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from '../formats/safetensors.ts';
import { runFiles } from './run-folder.ts';
import type { NamedArray, NamedArrays } from './task.ts';

const loopStateSchema = z.object({
  /** Steps done. */
  step: z.int().nonnegative(),
  /** Wall-clock seconds spent in training, over all processes. */
  seconds: z.number().nonnegative(),
  /** The best evaluation so far; its weights are in best-<step>.safetensors. */
  best: z.object({ step: z.int(), loss: z.number() }).nullable(),
  /** Evaluations since the best one. */
  badEvaluations: z.int().nonnegative(),
  /** Step of the last evaluation, −1 before the first. */
  evaluatedAt: z.int(),
  /** Step losses since the last log line. */
  pending: z.object({ sum: z.number(), count: z.int() }),
  /** Length of log.jsonl: later lines are of steps that will be done again. */
  logBytes: z.int().nonnegative(),
  /** sha256 of the text trained on: another text is another run. */
  dataset: z.string(),
});

export type LoopState = z.infer<typeof loopStateSchema>;

export async function writeCheckpoint(folder: string, loop: LoopState, state: NamedArrays): Promise<void> {
  const bytes = encodeSafetensors(toStored(state), { loop: JSON.stringify(loop) });
  await writeFileAtomic(runFiles(folder).checkpoint, bytes);
}

/** Undefined when the run has no checkpoint yet. @throws AppError CHECKPOINT_INVALID */
export async function readCheckpoint(
  folder: string,
): Promise<{ loop: LoopState; state: NamedArrays } | undefined> {
  const file = runFiles(folder).checkpoint;
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!bytes) return undefined;
  try {
    const { tensors, metadata } = decodeSafetensors(bytes);
    const loop = loopStateSchema.parse(JSON.parse(metadata.get('loop') ?? 'null'));
    return { loop, state: fromStored(tensors) };
  } catch (cause) {
    throw new AppError('CHECKPOINT_INVALID', `${file} is not a checkpoint.`, {
      cause,
      hint: 'Start the run again without --resume.',
    });
  }
}

/** The weights of the best evaluation. One file a step, so that an older checkpoint still finds its own. */
export async function writeBest(folder: string, step: number, weights: NamedArrays): Promise<void> {
  await writeFileAtomic(bestFile(folder, step), encodeSafetensors(toStored(weights)));
}

export async function readBest(folder: string, step: number): Promise<NamedArrays> {
  const file = bestFile(folder, step);
  try {
    return fromStored(decodeSafetensors(await readFile(file)).tensors);
  } catch (cause) {
    throw new AppError('CHECKPOINT_INVALID', `${file} does not hold the best weights.`, { cause });
  }
}

export async function removeBest(folder: string, step: number): Promise<void> {
  await rm(bestFile(folder, step), { force: true });
}

function bestFile(folder: string, step: number): string {
  return path.join(folder, `best-${step}.safetensors`);
}

function toStored(arrays: NamedArrays): [string, StoredTensor][] {
  return [...arrays].map(([name, { shape, data }]) => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return [name, { dtype: data instanceof Float32Array ? 'F32' : 'I32', shape, bytes }];
  });
}

function fromStored(tensors: ReadonlyMap<string, StoredTensor>): NamedArrays {
  return new Map(
    [...tensors].map(([name, { dtype, shape, bytes }]): [string, NamedArray] => {
      // A copy: a view would need an aligned offset and would keep the whole file in memory.
      const { buffer } = bytes.slice();
      if (dtype === 'F32') return [name, { shape, data: new Float32Array(buffer) }];
      if (dtype === 'I32') return [name, { shape, data: new Int32Array(buffer) }];
      throw new AppError('CHECKPOINT_INVALID', `The tensor ${name} is ${dtype}, expected F32 or I32.`);
    }),
  );
}
