import fc from 'fast-check';
import { expect, test } from 'vitest';
import { topLogits } from './top-logits.ts';

const logits = fc
  .float32Array({ minLength: 1, maxLength: 40, noNaN: true, min: -50, max: 50 })
  .filter((list) => list.length > 0);

test('the top is what sorting gives, equal logits in the order of their ids', () => {
  fc.assert(
    fc.property(logits, fc.nat(50), (list, count) => {
      const sorted = [...list.entries()].toSorted(([a, x], [b, y]) => y - x || a - b);
      expect(topLogits(list, count).top).toEqual(sorted.slice(0, count));
    }),
  );
});

test('weights are relative to the highest, over the whole vocabulary', () => {
  const list = Float32Array.from([1, 1000, 999]);
  expect(topLogits(list, 1).totalWeight).toBeCloseTo(1 + Math.exp(-1), 12);
});

test('named tokens come at the end', () => {
  expect(topLogits(Float32Array.from([3, 2, 1]), 1, [2]).top).toEqual([
    [0, 3],
    [2, 1],
  ]);
});
