import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeModelFolder } from '../formats/model-file.ts';
import { storeFloats } from '../formats/safetensors.ts';
import { listModels, resolveModel } from './catalogue.ts';

let root: string;
let folders: { shipped: string; own: string };
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'babble-catalogue-'));
  folders = { shipped: path.join(root, 'shipped'), own: path.join(root, 'own') };
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function addModel(parent: string, id: string, engine: string, parameterCount: number): Promise<void> {
  const description = {
    id,
    engine,
    description: '',
    architecture: {},
    parameterCount,
    contextLength: 3,
    vocabulary: ['.'],
    trainedOn: '',
    license: 'MIT',
    recipe: {},
    losses: {},
  };
  await writeModelFolder(
    path.join(parent, id),
    description,
    new Map([['W', storeFloats(new Float32Array(1), [1])]]),
  );
}

describe('listModels', () => {
  it('gives shipped models, then own ones, smallest first', async () => {
    await addModel(folders.shipped, 'large', 'mlp', 100);
    await addModel(folders.shipped, 'small', 'mlp', 9);
    await addModel(folders.own, 'mine', 'mlp', 1);
    const models = await listModels(folders);
    expect(models.map(({ id, source }) => [id, source])).toEqual([
      ['small', 'shipped'],
      ['large', 'shipped'],
      ['mine', 'own'],
    ]);
  });

  it('lists a broken folder with its error, and nothing where there is no folder', async () => {
    mkdirSync(path.join(folders.own, 'broken'), { recursive: true });
    writeFileSync(path.join(folders.own, 'broken', 'model.json'), '{');
    expect(await listModels(folders)).toMatchObject([
      { id: 'broken', source: 'own', error: { code: 'FILE_INVALID' } },
    ]);
  });
});

describe('resolveModel', () => {
  it('finds by id, own before shipped, and by path', async () => {
    await addModel(folders.shipped, 'toy', 'mlp', 1);
    expect(await resolveModel('mlp', 'toy', folders)).toEqual({
      id: 'toy',
      path: path.join(folders.shipped, 'toy'),
    });
    await addModel(folders.own, 'toy', 'mlp', 1);
    const own = path.join(folders.own, 'toy');
    expect(await resolveModel('mlp', 'toy', folders)).toEqual({ id: 'toy', path: own });
    expect(await resolveModel('mlp', own, folders)).toEqual({ id: 'toy', path: own });
    const file = path.join(root, 'some.gguf');
    writeFileSync(file, '');
    expect(await resolveModel('llama', file, folders)).toEqual({ id: 'some', path: file });
  });

  it('names the known models of the engine when there is none of that name', async () => {
    await addModel(folders.shipped, 'toy', 'mlp', 1);
    await addModel(folders.shipped, 'other', 'gpt', 1);
    await expect(resolveModel('mlp', 'nope', folders)).rejects.toMatchObject({
      code: 'UNKNOWN_MODEL',
      message: 'No model is called "nope". Known models of mlp: toy.',
    });
    await expect(resolveModel('mlp', 'other', folders)).rejects.toMatchObject({
      code: 'UNKNOWN_MODEL',
      message: 'The model "other" runs on the engine gpt, not on mlp. Known models of mlp: toy.',
    });
  });

  it('throws the error of a broken folder', async () => {
    mkdirSync(path.join(folders.own, 'broken'), { recursive: true });
    await expect(resolveModel('mlp', 'broken', folders)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });
});
