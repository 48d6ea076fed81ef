import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { mergeAdapter } from './adapter.ts';
import {
  loadWeights,
  type ModelDescription,
  type ModelFile,
  weightBytes,
  writeModelFolder,
} from './model-file.ts';
import { loadFloats, storeFloats } from './safetensors.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'babble-adapter-'));
  vi.stubEnv('BABBLE_HOME', home);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

const description = (id: string, more: Partial<ModelDescription> = {}): ModelDescription => ({
  id,
  engine: 'gpt',
  description: '',
  architecture: {},
  parameterCount: 6,
  contextLength: 8,
  vocabulary: ['a'],
  trainedOn: '',
  license: 'MIT',
  recipe: {},
  losses: {},
  ...more,
});
const folderOf = (id: string) => path.join(home, 'data', 'models', id);
const matrix = { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
const up = { shape: [2, 1], data: Float32Array.of(10, -1) };
const down = { shape: [1, 3], data: Float32Array.of(1, 0.5, 0) };
const sum = [11, 7, 3, 3, 4.5, 6];

const writeBase = (id: string, data = matrix.data): Promise<ModelFile> =>
  writeModelFolder(
    folderOf(id),
    description(id),
    new Map([
      ['w', storeFloats(data, [2, 3], 'F16')],
      ['b', storeFloats(Float32Array.of(7), [1], 'F16')],
    ]),
  );
const writeAdapter = (base: ModelFile): Promise<ModelFile> =>
  writeModelFolder(
    folderOf('mine'),
    description('mine', { adapter: { base: base.id, sha256: base.weights.sha256 } }),
    new Map([
      ['w.up', storeFloats(up.data, up.shape)],
      ['w.down', storeFloats(down.data, down.shape)],
    ]),
  );

test('the matrix becomes itself + up × down; what has no adapter is passed through', () => {
  const other = { shape: [1], data: Float32Array.of(9) };
  const base = new Map([
    ['w', matrix],
    ['other', other],
  ]);
  const merged = mergeAdapter(
    base,
    new Map([
      ['w.up', up],
      ['w.down', down],
    ]),
  );
  expect([...merged.get('w')!.data]).toEqual(sum);
  expect(merged.get('other')).toBe(other);
  expect([...matrix.data]).toEqual([1, 2, 3, 4, 5, 6]);
});

test('an adapter that does not fit is refused', () => {
  const base = new Map([['w', matrix]]);
  const merge = (adapter: Parameters<typeof mergeAdapter>[1]) => () => mergeAdapter(base, adapter);
  const invalid = expect.objectContaining({ code: 'FILE_INVALID' });
  expect(merge(new Map([['w.up', up]]))).toThrow(invalid);
  expect(
    merge(
      new Map([
        ['w.up', up],
        ['w.down', { ...down, shape: [3, 1] }],
      ]),
    ),
  ).toThrow(invalid);
  expect(
    merge(
      new Map([
        ['v.up', up],
        ['v.down', down],
      ]),
    ),
  ).toThrow(invalid);
});

test('an adapter’s folder loads as its base with the adapter in it', async () => {
  const base = await writeBase('base');
  const adapter = await writeAdapter(base);
  expect(await weightBytes(folderOf('mine'))).toBe(base.weights.bytes + adapter.weights.bytes);
  const weights = await loadWeights(folderOf('mine'));
  expect([...weights.keys()].sort()).toEqual(['b', 'w']);
  expect([...loadFloats(weights.get('w')!)]).toEqual(sum);
  expect([...loadFloats(weights.get('b')!)]).toEqual([7]);
});

test('a base that has changed, or is not here, is refused by name', async () => {
  await writeAdapter(await writeBase('base'));
  await writeBase('base', Float32Array.of(1, 1, 1, 1, 1, 1));
  await expect(loadWeights(folderOf('mine'))).rejects.toMatchObject({
    code: 'FILE_CHECKSUM',
    message: expect.stringContaining('the model base with weights'),
  });
  await rm(folderOf('base'), { recursive: true });
  await expect(loadWeights(folderOf('mine'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
});
