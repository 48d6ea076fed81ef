import { largest } from './native/largest.ts';

export interface RatedToken {
  readonly tokenId: number;
  /** Natural logarithm of its probability. */
  readonly logProbability: number;
}

/**
 * The `count` likeliest next tokens before any sampling, likeliest first, then the named ones.
 * @param logits (V)
 */
export function likeliest(
  logits: Float32Array,
  count: number,
  named: readonly number[] = [],
): readonly RatedToken[] {
  const ids = largest(logits, Math.max(1, count));
  const highest = logits[ids[0]!]!;
  const logTotal = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - highest), 0));
  return [...ids.subarray(0, count), ...named].map((tokenId) => ({
    tokenId,
    logProbability: logits[tokenId]! - highest - logTotal,
  }));
}
