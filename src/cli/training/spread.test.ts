import { expect, test } from 'vitest';
import { describeSpread, spreadOf } from './spread.ts';

test('the spread of three losses', () => {
  const spread = spreadOf([1.5, 1.4, 1.6]);
  expect(spread).toMatchObject({
    mean: expect.closeTo(1.5, 9),
    deviation: expect.closeTo(0.1, 9),
    lowest: 1.4,
  });
  expect(describeSpread(spread)).toBe('3 seeds, mean 1.5000, deviation 0.1000, lowest 1.4000');
});
