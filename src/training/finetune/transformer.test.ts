/** The shipped transformers, fine-tuned for a step: what comes out, as an engine and as `babble eval` see it. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openForMeasuring } from '../../cli/training/open-model.ts';
import type { Engine } from '../../engines/engine.ts';
import { findEngine } from '../../engines/registry.ts';
import { readModelFile } from '../../formats/model-file.ts';
import { shippedModels } from '../../paths.ts';
import { train } from '../client.ts';
import { prepareFinetune } from './prepare.ts';

const signal = new AbortController().signal;
/** Ten million numbers take their time on a busy machine. */
const patience = { timeout: 240_000 };
let home: string;
let file: string;
beforeAll(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'babble-finetune-'));
  vi.stubEnv('BABBLE_HOME', home);
  file = path.join(home, 'cafe.txt');
  await writeFile(file, 'At 7 the café opens; at 9 it is full, and nobody minds.\n'.repeat(22));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

/** One step on a window, from a shipped model. */
async function finetune(id: string, lora: boolean, policy: 'extend' | 'drop') {
  const hyper = { batchSize: 1, microBatchSize: 1, evalEvery: 1, precision: 'float32' };
  const base = { id, path: path.join(shippedModels, id) };
  const settings = { steps: 1, samples: false, hyper };
  const prepared = await prepareFinetune({ base, on: file, lora, settings });
  const { losses, modelFolder } = await train({
    folder: await prepared.create(policy),
    signal,
    onEvent: () => {},
  });
  return { base, folder: modelFolder!, losses: losses!, model: await readModelFile(modelFolder!) };
}

const load = async (engine: string, folder: string): Promise<Engine> =>
  (await findEngine(engine).load()).factory.load(
    { id: path.basename(folder), path: folder },
    { signal, onProgress: () => {} },
  );

test(
  'whole, with new characters: they join the vocabulary, and eval measures the same loss again',
  patience,
  async () => {
    const { folder, losses, model, base } = await finetune('gpt', false, 'extend');
    const shipped = await readModelFile(base.path);
    expect(model.vocabulary).toEqual([...shipped.vocabulary, '7', '9', 'é']);
    expect(model.parameterCount).toBe(shipped.parameterCount + 3 * (2 * 384 + 1));
    await using engine = await load('gpt', folder);
    const report = await engine.inspect({ type: 'next-token', prompt: 'At 7 the café', top: 5 });
    expect(report.type).toBe('distribution');
    const { model: measured } = await openForMeasuring('gpt-cafe', file);
    using _measured = measured;
    expect((await measured.evaluate('val')).loss).toBeCloseTo(losses['val']!, 6);
  },
);

test('by an adapter: small, apart, and one with its base when it is loaded', patience, async () => {
  const { folder, losses, model, base } = await finetune('tiny-llama', true, 'drop');
  const shipped = await readModelFile(base.path);
  expect(model.adapter).toEqual({ base: 'tiny-llama', sha256: shipped.weights.sha256 });
  expect(model.weights.bytes).toBeLessThan(shipped.weights.bytes / 5);
  await using engine = await load('tiny-llama', folder);
  expect(engine.info.parameterCount).toBe(shipped.parameterCount);
  const dropped = path.join(home, 'dropped.txt');
  await writeFile(dropped, (await readFile(file, 'utf8')).replaceAll(/[79é]/g, ''));
  const { model: measured } = await openForMeasuring(folder, dropped);
  using _measured = measured;
  expect((await measured.evaluate('val')).loss).toBeCloseTo(losses['val']!, 5);
});
