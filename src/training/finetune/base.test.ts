import { expect, test } from 'vitest';
import type { ModelFile } from '../../formats/model-file.ts';
import type { BaseModel } from '../task.ts';
import { weightsToStart } from './base.ts';

const weights = new Map([
  ['tokens.weight', { shape: [3, 2], data: Float32Array.of(1, 2, 4, 5, 7, 11) }],
  ['head.bias', { shape: [3], data: Float32Array.of(3, 6, 12) }],
  ['norm.weight', { shape: [2], data: Float32Array.of(1, 1) }],
]);
const base = (vocabulary: readonly string[]): BaseModel => ({
  file: { vocabulary: ['a', 'e', '-'] } as unknown as ModelFile,
  weights,
  vocabulary,
  name: 'x',
  source: 'x.txt',
  adapter: false,
});

test('a new row begins as that of the nearest character, else as the mean', () => {
  const shapes = new Map([
    ['tokens.weight', [5, 2]],
    ['head.bias', [5]],
    ['norm.weight', [2]],
  ]);
  const started = weightsToStart(base(['a', 'e', '-', 'é', '東']), shapes);
  expect([...started.get('tokens.weight')!.data]).toEqual([1, 2, 4, 5, 7, 11, 4, 5, 4, 6]);
  expect(started.get('head.bias')).toEqual({ shape: [5], data: Float32Array.of(3, 6, 12, 6, 7) });
  expect(started.get('norm.weight')).toBe(weights.get('norm.weight'));
});

test('without new characters the weights are the base’s own', () => {
  expect(weightsToStart(base(['a', 'e', '-']), new Map())).toBe(weights);
});
