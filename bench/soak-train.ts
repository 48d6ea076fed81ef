/**
 * Resident memory and tensors over a long run: mlp as it trains (a process of its own, with evaluations,
 * checkpoints and log), and a small transformer with evaluations, samples and checkpoint states in between.
 * Prints both curves; fails when tensors are left behind, or memory still grows after the first fifth.
 *
 *   npm run soak:train [-- <steps>]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { gptForward, gptShapes } from '../src/engines/gpt/model.ts';
import { task } from '../src/engines/gpt/train.ts';
import { loadTensorFlow } from '../src/tensor/index.ts';
import { Eager } from '../src/tensor/ops/eager.ts';
import { initialWeights } from '../src/training/characters/initial.ts';
import type { MakeNetwork } from '../src/training/characters/network.ts';
import { startCharacterSession } from '../src/training/characters/session.ts';
import { train } from '../src/training/client.ts';
import { resolveRunConfig } from '../src/training/run-config.ts';
import { createRun, runFiles } from '../src/training/run-folder.ts';
import { readRunLog } from '../src/training/run-log.ts';
import { hyperOf } from '../src/training/task.ts';
import { loadTask } from '../src/training/tasks.ts';
import { machine } from './torch/index.ts';

const steps = Number(process.argv[2] ?? 20_000);
/** Growth that garbage collection and the allocator make by themselves. */
const allowedMB = 48;

interface Point {
  readonly step: number;
  readonly megabytes: number;
}

async function soakMlp(): Promise<Point[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'babble-soak-'));
  try {
    const config = resolveRunConfig(await loadTask('mlp'), { recipe: 'classic', steps, samples: true });
    const run = await createRun({ ...config, hyper: { ...config.hyper, evalEvery: steps / 20 } }, folder);
    await train({ folder: run, signal: new AbortController().signal, onEvent: () => {} });
    const log = await readRunLog(runFiles(run).log);
    return log.flatMap((line) =>
      line.event === 'step' ? [{ step: line.step, megabytes: line.rss / 2 ** 20 }] : [],
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The shape is small so that many steps fit: what leaks, leaks by the step. */
const network: MakeNetwork = (vocabSize) => {
  const config = { vocabSize, contextLength: 32, nLayer: 2, nHead: 2, nEmbd: 32, nFf: 128 };
  return {
    shapes: gptShapes(config),
    contextLength: config.contextLength,
    forward: (tape, parameters, tokens, pass) => gptForward(tape, parameters, config, tokens, pass),
    initial: (seed) => initialWeights(gptShapes(config), seed, () => false),
    isHidden: (name) => /(qkv|project|expand)\.weight$/.test(name),
    matricesIn: (name) => (name.endsWith('qkv.weight') ? 3 : 1),
  };
};

async function soakTransformer(): Promise<{ points: Point[]; tensorsLeft: number }> {
  const e = new Eager((await loadTensorFlow()).tf);
  const text = 'the quick brown fox jumps over the lazy dog.\n'.repeat(400);
  const hyper = { ...hyperOf(task.recipes.best!), steps, batchSize: 4, microBatchSize: 2 };
  using session = await startCharacterSession(network, { text, hyper, seed: 7 });
  const points: Point[] = [];
  let tensors = 0;
  for (let step = 0; step < steps; step++) {
    await session.step({ step, progress: step / steps });
    if ((step + 1) % (steps / 20) !== 0) continue;
    await session.evaluate('val');
    await session.sample({ count: 1, seed: step });
    session.state();
    // Garbage that V8 has not looked at yet is not a leak.
    globalThis.gc?.();
    points.push({ step: step + 1, megabytes: process.memoryUsage.rss() / 2 ** 20 });
    if (points.length === 1) tensors = e.numHandles;
  }
  return { points, tensorsLeft: e.numHandles - tensors };
}

/** Prints a curve. @returns growth after the first fifth, in megabytes */
function show(name: string, points: readonly Point[]): number {
  const size = Math.max(1, Math.floor(points.length / 20));
  const shown = points.filter((_, i) => i % size === size - 1);
  console.log(
    `${name}: ${shown.map(({ step, megabytes }) => `${step} ${megabytes.toFixed(0)}`).join(' · ')} MB`,
  );
  const settled = points.filter(({ step }) => step >= steps / 5).map(({ megabytes }) => megabytes);
  return settled.at(-1)! - settled[0]!;
}

console.log(`${steps} steps. ${machine()}`);
const transformer = await soakTransformer();
const growth = [show('transformer', transformer.points), show('mlp', await soakMlp())];
console.log(
  `tensors left behind: ${transformer.tensorsLeft}; growth after the first fifth: ${growth.map((mb) => mb.toFixed(0)).join(' and ')} MB`,
);
if (transformer.tensorsLeft !== 0 || growth.some((mb) => mb > allowedMB)) process.exitCode = 1;
