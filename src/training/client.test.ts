import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadWeights, readModelFile } from '../formats/model-file.ts';
import { train } from './client.ts';
import type { TrainingEvent } from './events.ts';
import { resolveRunConfig } from './run-config.ts';
import { createRun, findRun, runFiles } from './run-folder.ts';
import { readRunLog } from './run-log.ts';
import { loadTask } from './tasks.ts';

let folder: string;
let runs: string;
let dataFile: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'babble-train-'));
  runs = path.join(folder, 'runs');
  dataFile = path.join(folder, 'names.txt');
  const letters = [...'abcdefgh'];
  await writeFile(dataFile, letters.flatMap((a) => letters.map((b) => `${a}${b}${a}`)).join('\n'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function newRun(steps: number, checkpointSeconds = 30): Promise<string> {
  const hyper = { batchSize: 8, evalEvery: 100 };
  const request = { recipe: 'best', steps, hyper, dataFile, checkpointSeconds, samples: false } as const;
  return createRun(resolveRunConfig(await loadTask('wavenet'), request), runs);
}

const never = new AbortController().signal;

test('a run gives a model folder that loads, the log, and the same loss for the same seed', async () => {
  const first = await newRun(200);
  const events: TrainingEvent[] = [];
  const outcome = await train({ folder: first, signal: never, onEvent: (event) => events.push(event) });
  expect(outcome).toMatchObject({ reason: 'done', step: 200, modelFolder: runFiles(first).model });
  const file = await readModelFile(outcome.modelFolder!);
  expect(file).toMatchObject({ engine: 'wavenet', parameterCount: 175_767, losses: outcome.losses });
  expect((await loadWeights(outcome.modelFolder!)).size).toBe(21);
  expect(events.map(({ type }) => type)).toContain('ready');
  const evals = (await readRunLog(runFiles(first).log)).filter(({ event }) => event === 'eval');
  expect(evals.map(({ step }) => step)).toEqual([100, 200]);

  const second = await newRun(200);
  const again = await train({ folder: second, signal: never, onEvent: () => {} });
  expect(again.losses).toEqual(outcome.losses);
  expect((await findRun({ model: 'wavenet' }, runs)).folder).toBe(second);
});

test('grown memory starts a fresh process, and the result does not tell', async () => {
  const straight = await train({ folder: await newRun(400), signal: never, onEvent: () => {} });
  const events: TrainingEvent[] = [];
  const renewed = await train({
    folder: await newRun(400),
    signal: never,
    // Any process is larger: each is renewed after about a second.
    memoryLimitBytes: 1,
    onEvent: (event) => events.push(event),
  });
  expect(events.filter((event) => event.type === 'restarted' && event.why === 'memory')).not.toEqual([]);
  expect({ ...renewed, modelFolder: '' }).toEqual({ ...straight, modelFolder: '' });
});

test('an abort stops after a checkpoint, and the run goes on from there', async () => {
  const run = await newRun(2000);
  const abort = new AbortController();
  const stopped = await train({
    folder: run,
    signal: abort.signal,
    onEvent: (event) => event.type === 'progress' && abort.abort(),
  });
  expect(stopped.reason).toBe('interrupted');
  expect(stopped.losses).toBeUndefined();
  expect(await readdir(run)).toContain('checkpoint.safetensors');
  const again = new AbortController();
  let resumedAt = -1;
  await train({
    folder: run,
    signal: again.signal,
    onEvent: (event) => {
      if (event.type !== 'ready') return;
      resumedAt = event.resumedAt;
      again.abort();
    },
  });
  expect(resumedAt).toBe(stopped.step);
});

test('what fails in the training process arrives with its code', async () => {
  await writeFile(dataFile, 'José\n'.repeat(20));
  const run = train({ folder: await newRun(10), signal: never, onEvent: () => {} });
  await expect(run).rejects.toMatchObject({ code: 'FILE_INVALID', message: expect.stringContaining('José') });
});

test('settings that a recipe does not have are refused', async () => {
  const task = await loadTask('wavenet');
  expect(() => resolveRunConfig(task, { hyper: { learnRate: 1 } })).toThrow(/no hyper-parameter "learnRate"/);
  expect(() => resolveRunConfig(task, { hyper: { learningRate: 'high' } })).toThrow(/takes a number/);
  expect(() => resolveRunConfig(task, { steps: 1, minutes: 1 })).toThrow(/not both/);
  await expect(loadTask('nope')).rejects.toMatchObject({ code: 'UNKNOWN_MODEL' });
});
