/** One draw of an index with given probabilities, in the two ways PyTorch has had. */
import { exponential } from './distributions.ts';
import type { TorchGenerator } from './generator.ts';

type MultinomialKind = 'torch1' | 'torch2';

/**
 * Draws an index with a chance in proportion to its weight.
 * - `torch1`: as PyTorch 1.x's `multinomial(weights, 1, replacement=True)`: the cumulative sum is
 *   searched for one uniform number. PyTorch 2 still draws so when it draws more than one sample.
 * - `torch2`: as PyTorch 2.x's: the largest of weight / exponential number wins.
 * @param weights non-negative float32 values with a positive, finite sum
 * @throws RangeError otherwise
 */
export function multinomial(
  generator: TorchGenerator,
  weights: Float32Array,
  kind: MultinomialKind = 'torch1',
): number {
  let sum = 0;
  for (const weight of weights) sum = weight >= 0 ? Math.fround(sum + weight) : Number.NaN;
  if (!(sum > 0 && sum < Number.POSITIVE_INFINITY)) {
    throw new RangeError('The weights of a draw must be non-negative and finite, with a positive sum.');
  }
  switch (kind) {
    case 'torch1':
      return searchCumulative(weights, sum, generator.uniformDouble());
    case 'torch2':
      return largestQuotient(weights, exponential(generator, weights.length));
    default:
      return kind satisfies never;
  }
}

/** The first index at which the cumulative sum, in float32 and divided by the whole sum, reaches `draw`. */
function searchCumulative(weights: Float32Array, sum: number, draw: number): number {
  let cumulative = 0;
  for (let i = 0; i < weights.length - 1; i++) {
    cumulative = Math.fround(cumulative + weights[i]!);
    if (Math.fround(cumulative / sum) >= draw) return i;
  }
  return weights.length - 1;
}

function largestQuotient(weights: Float32Array, divisors: Float32Array): number {
  let best = 0;
  let largest = -1;
  for (let i = 0; i < weights.length; i++) {
    const quotient = Math.fround(weights[i]! / divisors[i]!);
    if (quotient > largest) {
      best = i;
      largest = quotient;
    }
  }
  return best;
}
