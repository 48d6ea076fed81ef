import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { discountsOf, KneserNey } from './kneser-ney.ts';

const distribution = (model: KneserNey, history: readonly number[]) => {
  const out = new Float32Array(model.vocabSize);
  model.predict(history, history.length, out);
  return [...out];
};
const expectClose = (actual: readonly number[], expected: readonly number[]) => {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(actual[i], `token ${i}`).toBeCloseTo(value, 6);
};

describe('by hand', () => {
  // a b r a c a d a b r a, with a = 0, b = 1, c = 2, d = 3, r = 4. Too small to estimate discounts: 0.5, 1, 1.5.
  const text = [0, 1, 4, 0, 2, 0, 3, 0, 1, 4, 0];
  const model = new KneserNey([text], { vocabSize: 5, order: 2 });

  test('single tokens count once for each token seen before them', () => {
    // a after r, c, d and at the begin: 4; b, c, d, r: 1 each. Of 8 the discounts give 1.5 + 4 × 0.5 = 3.5 back.
    const rest = 3.5 / 8 / 5;
    const other = 0.5 / 8 + rest;
    expectClose(distribution(model, []), [2.5 / 8 + rest, other, other, other, other]);
  });

  test('pairs count as often as they are', () => {
    // After a: b twice, c and d once. Of 4 the discounts give 1 + 0.5 + 0.5 back.
    expectClose(distribution(model, [0]), [0.5 * 0.4, 0.25 + 0.5 * 0.15, 0.2, 0.2, 0.5 * 0.15]);
  });

  test('a start token is context, not something to predict', () => {
    // The names "a" and "ab", with . = 0 before and after: .a twice, a. once, ab once, b. once.
    const names = new KneserNey(
      [
        [0, 1, 0],
        [0, 1, 2, 0],
      ],
      { vocabSize: 3, order: 2, startToken: true },
    );
    // Continuations: . after a and b: 2; a after .: 1; b after a: 1. Of 4 the discounts give 1 + 0.5 + 0.5 back.
    const single = [1 / 4 + 1 / 6, 0.5 / 4 + 1 / 6, 0.5 / 4 + 1 / 6];
    expectClose(distribution(names, [0]), [0.5 * single[0]!, 0.5 + 0.5 * single[1]!, 0.5 * single[2]!]);
  });
});

test('discounts follow Chen and Goodman, and fall back where they cannot be estimated', () => {
  expectClose(discountsOf([10, 5, 3, 2]), [0.5, 1.1, 3 - 4 / 3]);
  expect(discountsOf([4, 3, 0, 0])).toEqual([0.5, 1, 1.5]);
  expect(discountsOf([0, 0, 0, 0])).toEqual([0.5, 1, 1.5]);
});

test('every distribution sums to 1 and leaves nothing impossible', () => {
  const token = fc.integer({ min: 0, max: 6 });
  const sequences = fc.array(fc.array(token, { minLength: 1, maxLength: 60 }), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(
      sequences,
      fc.array(token, { maxLength: 6 }),
      fc.integer({ min: 1, max: 5 }),
      fc.boolean(),
      (texts, history, order, startToken) => {
        const model = new KneserNey(texts, { vocabSize: 7, order, startToken });
        const found = distribution(model, history);
        expect(found.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
        for (const p of found) expect(p).toBeGreaterThan(0);
      },
    ),
    { numRuns: 200 },
  );
});

test('an order that does not fit a number is refused', () => {
  expect(() => new KneserNey([[0]], { vocabSize: 65, order: 9 })).toThrow(RangeError);
});
