/** Fine-tuning from end to end: real models, the real training process, small texts. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { listModels, resolveModel } from '../../catalogue/catalogue.ts';
import { findEngine } from '../../engines/registry.ts';
import { loadWeights, readModelFile, writeModelFolder } from '../../formats/model-file.ts';
import { shippedModels } from '../../paths.ts';
import { train } from '../client.ts';
import type { TrainingEvent } from '../events.ts';
import { runFiles } from '../run-folder.ts';
import { readRunLog } from '../run-log.ts';
import { type FinetuneRequest, prepareFinetune } from './prepare.ts';

let home: string;
let file: string;
beforeEach(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'babble-finetune-'));
  vi.stubEnv('BABBLE_HOME', home);
  file = path.join(home, 'Elves & co.txt');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

const parts = ['star', 'moon', 'frost', 'ember', 'wind', 'silver', 'thorn', 'briar'];
const ends = ['fall', 'song', 'light', 'heart', 'wing', 'wood', 'stone', 'mist'];
const elves = parts.flatMap((part) => ends.map((end) => part + end));
const shipped = (id: string) => ({ id, path: path.join(shippedModels, id) });
const prepare = (id: string, more: Partial<FinetuneRequest> = {}) =>
  prepareFinetune({ base: shipped(id), on: file, lora: false, settings: { samples: false }, ...more });
const never = new AbortController().signal;
const finish = (folder: string, onEvent: (event: TrainingEvent) => void = () => {}) =>
  train({ folder, signal: never, onEvent });

describe.each(['bigram-count', 'bigram-grad', 'mlp', 'wavenet'])('%s', (id) => {
  test('learns a list of names, and stands among the models at once', async () => {
    await writeFile(file, elves.join('\n'));
    const prepared = await prepare(id);
    expect(prepared.name).toBe(`${id}-elves-co`);
    const folder = await prepared.create('refuse');
    const outcome = await finish(folder);
    const evaluations = (await readRunLog(runFiles(folder).log)).filter((line) => line.event === 'eval');
    expect(evaluations[0]!.step).toBe(0);
    expect(outcome.best!.loss).toBeLessThan(evaluations[0]!.valLoss - 0.3);
    const model = (await listModels()).find((one) => one.id === prepared.name);
    expect(model).toMatchObject({ engine: id, source: 'own', path: outcome.modelFolder });
    const ref = await resolveModel(id, prepared.name);
    const { factory } = await findEngine(id).load();
    await using engine = await factory.load(ref, { signal: never, onProgress: () => {} });
    expect(engine.info.trainedOn).toContain('then Elves & co.txt');
  });
});

test('a base of the shipped weights is refused by name when it has changed', async () => {
  await writeFile(file, elves.join('\n'));
  const own = path.join(home, 'data', 'models', 'mine');
  const { weights: _, ...description } = await readModelFile(shipped('bigram-count').path);
  const weights = await loadWeights(shipped('bigram-count').path);
  await writeModelFolder(own, { ...description, id: 'mine' }, weights);
  const folder = await (await prepare('mine', { base: { id: 'mine', path: own } })).create('refuse');
  const counts = weights.get('counts')!;
  const changed = new Map([['counts', { ...counts, bytes: counts.bytes.map((byte) => byte ^ 1) }]]);
  await writeModelFolder(own, { ...description, id: 'mine' }, changed);
  await expect(finish(folder)).rejects.toMatchObject({ code: 'FILE_CHECKSUM' });
});

test('cut and resumed, it ends with the same bytes', { timeout: 240_000 }, async () => {
  await writeFile(file, elves.join('\n'));
  const settings = { samples: false, steps: 60, hyper: { patience: 0 } };
  const straight = await (await prepare('wavenet', { name: 'straight', settings })).create('refuse');
  const cut = await (await prepare('wavenet', { name: 'cut', settings })).create('refuse');
  const whole = await finish(straight);
  const abort = new AbortController();
  const stopped = await train({
    folder: cut,
    signal: abort.signal,
    onEvent: (event) => event.type === 'ready' && abort.abort(),
  });
  expect(stopped.reason).toBe('interrupted');
  const again = await finish(cut);
  expect(again.losses).toEqual(whole.losses);
  const weights = (folder: string) => readFile(path.join(folder, 'weights.safetensors'));
  expect(await weights(again.modelFolder!)).toEqual(await weights(whole.modelFolder!));
});

describe('what is refused, before anything is made', () => {
  test('a model that is not trained here', async () => {
    await writeFile(file, elves.join('\n'));
    const base = { id: 'tiny-llama-gguf', path: path.join(shippedModels, 'tiny-llama-gguf', 'model.gguf') };
    await expect(prepare('x', { base })).rejects.toMatchObject({
      code: 'ENGINE_UNSUPPORTED',
      hint: expect.stringContaining('bigram-count'),
    });
  });

  test('a text with letters that names have not, with the choices that there are', async () => {
    await writeFile(file, `${elves.join('\n')}\nJosé\n`);
    const prepared = await prepare('mlp');
    expect(prepared.unknown.characters.map(({ character }) => character)).toEqual(['J', 'é']);
    expect(prepared.policies).toEqual(['drop', 'replace']);
    await expect(prepared.create('refuse')).rejects.toMatchObject({
      code: 'TEXT_UNKNOWN_CHARACTERS',
      hint: expect.not.stringContaining('extend'),
    });
    await expect(prepared.create('extend')).rejects.toMatchObject({ code: 'INVALID_SETTING' });
    const folder = await prepared.create('replace');
    expect(await readFile(runFiles(folder).text, 'utf8')).toMatch(/\njose\n$/);
  });

  test('an adapter where there is nothing wide to adapt, or with new characters', async () => {
    await writeFile(file, 'a sentence that goes on and on 7 times, ünless it stops\n'.repeat(40));
    await expect(prepare('mlp', { lora: true })).rejects.toMatchObject({ code: 'INVALID_SETTING' });
    const prepared = await prepare('gpt', { lora: true });
    expect(prepared.policies).toEqual(['drop', 'replace']);
    await expect(prepared.create('extend')).rejects.toThrow(/An adapter has no rows/);
    expect((await prepare('gpt')).policies).toContain('extend');
  });

  test('a text that is too short, a name that no folder has or that is taken', async () => {
    await writeFile(file, 'too short\n');
    const prepared = await prepare('gpt');
    await expect(prepared.create('refuse')).rejects.toThrow(/at least 1000/);
    await expect((await prepare('mlp')).create('drop')).rejects.toThrow(/At least 10 names/);
    await expect(prepare('gpt', { name: 'My Model' })).rejects.toMatchObject({ code: 'INVALID_SETTING' });
    await writeFile(file, elves.join('\n'));
    await finish(await (await prepare('bigram-count', { name: 'taken' })).create('refuse'));
    await expect(prepare('bigram-count', { name: 'taken' })).rejects.toThrow(/called taken already/);
  });
});
