import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { loadTensorFlow } from '../tensor/index.ts';
import { Eager } from '../tensor/ops/eager.ts';
import { matMulSpeed } from '../tensor/ops/matmul-speed.ts';
import { matMulLimit } from './matmul-limit.ts';

test('the highest speed so far is kept, for each dtype; a broken cache is measured anew', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'babble-matmul-'));
  try {
    const file = path.join(folder, 'cache', 'matmul.json');
    expect(await matMulLimit('float32', () => 100, file)).toBe(100);
    expect(await matMulLimit('float32', () => 40, file)).toBe(100);
    expect(await matMulLimit('bfloat16', () => 40, file)).toBe(40);
    expect(await matMulLimit('float32', () => 120, file)).toBe(120);
    await writeFile(file, '{"float32": -1');
    expect(await matMulLimit('float32', () => 40, file)).toBe(40);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a product takes some time, and leaves no tensor behind', async () => {
  const e = new Eager((await loadTensorFlow()).tf);
  const before = e.numHandles;
  expect(matMulSpeed(e, 'float32')).toBeGreaterThan(1e8);
  expect(e.numHandles).toBe(before);
});
