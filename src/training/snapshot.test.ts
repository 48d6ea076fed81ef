/** A run that is talked to while it trains. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findModel, resolveModel } from '../catalogue/catalogue.ts';
import { loadWeights, readModelFile } from '../formats/model-file.ts';
import { startTraining } from './client.ts';
import { resolveRunConfig } from './run-config.ts';
import { createRun, runFiles } from './run-folder.ts';
import { loadTask } from './tasks.ts';

let home: string;
let dataFile: string;
beforeEach(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'babble-snapshot-'));
  vi.stubEnv('BABBLE_HOME', home);
  dataFile = path.join(home, 'names.txt');
  const letters = [...'abcdefgh'];
  await writeFile(dataFile, letters.flatMap((a) => letters.map((b) => `${a}${b}${a}`)).join('\n'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

test('the model is written when asked for, found by the run’s id, and again when the run is stopped', async () => {
  // Without evaluations nothing else writes the model in between.
  const request = { minutes: 60, samples: false, dataFile, hyper: { evalEvery: 0 } };
  const config = resolveRunConfig(await loadTask('mlp'), request);
  const folder = await createRun(config);
  const abort = new AbortController();
  const training = startTraining({ folder, signal: abort.signal, onEvent: () => {} });
  const step = await training.snapshot();
  const id = path.basename(folder);
  expect(await resolveModel('mlp', id)).toEqual({ id, path: runFiles(folder).snapshot });
  expect((await findModel(id)).engine).toBe('mlp');
  expect((await readModelFile(runFiles(folder).snapshot)).recipe['bestStep']).toBe(step);
  expect((await loadWeights(runFiles(folder).snapshot)).size).toBe(5);
  const later = await training.snapshot();
  expect(later).toBeGreaterThanOrEqual(step!);
  abort.abort();
  const outcome = await training.outcome;
  expect(outcome.reason).toBe('interrupted');
  expect((await readModelFile(runFiles(folder).snapshot)).recipe['bestStep']).toBe(outcome.step);
  expect(await training.snapshot()).toBeUndefined();
});

test('each best evaluation leaves the model too, for whoever did not start the run', async () => {
  const request = { minutes: 60, samples: false, dataFile, hyper: { evalEvery: 20, patience: 0 } };
  const folder = await createRun(resolveRunConfig(await loadTask('mlp'), request));
  const abort = new AbortController();
  const steps: number[] = [];
  const { outcome } = startTraining({
    folder,
    signal: abort.signal,
    onEvent(event) {
      if (event.type !== 'snapshot') return;
      steps.push(event.step);
      abort.abort();
    },
  });
  expect((await outcome).reason).toBe('interrupted');
  // One from an evaluation, before anything was stopped, and one from the stop.
  expect(steps.length).toBeGreaterThanOrEqual(2);
});
