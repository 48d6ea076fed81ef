import fc from 'fast-check';
import { expect, test } from 'vitest';
import { likeliest } from './likeliest.ts';

const logits = fc.float32Array({ minLength: 1, maxLength: 40, noNaN: true, min: -50, max: 50 });

test('the likeliest are what sorting gives, equal logits in the order of their ids', () => {
  fc.assert(
    fc.property(logits, fc.nat(50), (list, count) => {
      const sorted = [...list.entries()].toSorted(([a, x], [b, y]) => y - x || a - b);
      expect(likeliest(list, count).map(({ tokenId }) => tokenId)).toEqual(
        sorted.slice(0, count).map(([id]) => id),
      );
    }),
  );
});

test('probabilities are of the whole vocabulary, and of logits too large for exp()', () => {
  const [first, second] = likeliest(Float32Array.from([1, 1000, 999]), 2);
  expect(first!.logProbability).toBeCloseTo(-Math.log(1 + Math.exp(-1)), 12);
  expect(second!.logProbability).toBeCloseTo(-1 - Math.log(1 + Math.exp(-1)), 12);
});

test('named tokens come at the end', () => {
  const ids = likeliest(Float32Array.from([3, 2, 1]), 1, [2]).map(({ tokenId }) => tokenId);
  expect(ids).toEqual([0, 2]);
});
