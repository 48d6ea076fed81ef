export interface TopLogits {
  /** Token ids and logits, likeliest first; the named ones at the end. */
  readonly top: readonly (readonly [tokenId: number, logit: number])[];
  /** Sum of exp(logit − the highest) over the whole vocabulary. */
  readonly totalWeight: number;
}

/**
 * The `count` likeliest next tokens before any sampling, then the named ones.
 * @param logits (V)
 */
export function topLogits(logits: Float32Array, count: number, named: readonly number[] = []): TopLogits {
  const top: (readonly [number, number])[] = [];
  for (const [tokenId, logit] of logits.entries()) {
    if (top.length === count && !(logit > (top.at(-1)?.[1] ?? Number.POSITIVE_INFINITY))) continue;
    const place = top.findLastIndex(([, other]) => other >= logit) + 1;
    top.splice(place, 0, [tokenId, logit]);
    if (top.length > count) top.pop();
  }
  const highest = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  const totalWeight = logits.reduce((sum, logit) => sum + Math.exp(logit - highest), 0);
  return { top: [...top, ...named.map((tokenId) => [tokenId, logits[tokenId]!] as const)], totalWeight };
}
