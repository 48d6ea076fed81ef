import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadWeights, type ModelDescription, readModelFile, writeModelFolder } from './model-file.ts';
import { loadFloats, storeFloats } from './safetensors.ts';

const description: ModelDescription = {
  id: 'toy',
  engine: 'mlp',
  description: 'A toy.',
  architecture: { nEmbd: 5 },
  parameterCount: 3,
  contextLength: 3,
  vocabulary: ['.', 'a', 'b'],
  startTokenId: 0,
  stopTokenId: 0,
  trainedOn: 'names.txt',
  license: 'MIT',
  recipe: { name: 'classic', steps: 10 },
  losses: { train: 2.5 },
};
const weights = (...values: number[]) =>
  new Map([['W', storeFloats(Float32Array.from(values), [values.length])]]);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'babble-model-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a model folder', () => {
  it('comes back as it was written', async () => {
    const written = await writeModelFolder(folder, description, weights(1, 2, 3), '# Toy\n');
    expect(await readModelFile(folder)).toEqual(written);
    expect(written).toMatchObject({ ...description, weights: { file: 'weights.safetensors', dtype: 'F32' } });
    expect([...loadFloats((await loadWeights(folder)).get('W')!)]).toEqual([1, 2, 3]);
    expect(readdirSync(folder).sort()).toEqual(['README.md', 'model.json', 'weights.safetensors']);
  });

  it('is replaced without touching the old weights before the new are whole', async () => {
    for (const value of [1, 2, 3]) {
      const { weights: entry } = await writeModelFolder(folder, description, weights(value));
      expect(readdirSync(folder).sort()).toEqual(['model.json', entry.file].sort());
      expect([...loadFloats((await loadWeights(folder)).get('W')!)]).toEqual([value]);
    }
  });

  it('with altered or cut weights is refused', async () => {
    const { weights: entry } = await writeModelFolder(folder, description, weights(1, 2, 3));
    const file = path.join(folder, entry.file);
    const bytes = readFileSync(file);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(file, bytes);
    await expect(loadWeights(folder)).rejects.toMatchObject({ code: 'FILE_CHECKSUM' });
    appendFileSync(file, 'x');
    await expect(loadWeights(folder)).rejects.toMatchObject({ code: 'FILE_CHECKSUM' });
    rmSync(file);
    await expect(loadWeights(folder)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });

  it.each<[string, object, RegExp]>([
    ['an id that leaves the folder', { id: '../x' }, /id/],
    [
      'weights outside the folder',
      { weights: { file: '../w', bytes: 1, sha256: 'a'.repeat(64), dtype: 'F32' } },
      /weights.file/,
    ],
    ['a start token outside the vocabulary', { startTokenId: 3 }, /vocabulary/],
    ['a text for a number', { contextLength: 'long' }, /contextLength/],
  ])('with %s is refused', async (_, change, message) => {
    const written = await writeModelFolder(folder, description, weights(1));
    writeFileSync(path.join(folder, 'model.json'), JSON.stringify({ ...written, ...change }));
    await expect(readModelFile(folder)).rejects.toMatchObject({
      code: 'FILE_INVALID',
      message: expect.stringMatching(message),
    });
  });

  it('with no model.json, or one that is not JSON, is refused', async () => {
    await expect(readModelFile(folder)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    writeFileSync(path.join(folder, 'model.json'), '{');
    await expect(readModelFile(folder)).rejects.toMatchObject({ code: 'FILE_INVALID' });
  });
});
