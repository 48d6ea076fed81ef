import type { Handle } from './runtime.ts';
import type { Node, Tape } from './tape.ts';

/**
 * Negative log-likelihood in nats of `targets` (N) int32 under `logits` (N, V) → (N) float32.
 * Give the node of the losses a gradient to weigh them with: 1 / N for a mean.
 */
export function crossEntropy(tape: Tape, logits: Node, targets: Handle): Node {
  const { e } = tape;
  return tape.layer((keep) => {
    const exact = e.cast(logits.value, 'float32');
    const attributes = { T: 'float32', Tlabels: 'int32' } as const;
    const [losses, slope] = e.ops('SparseSoftmaxCrossEntropyWithLogits', [exact, targets], attributes, 2);
    keep(slope!); // (N, V)
    return [losses!, (grad) => tape.give(logits, e.mul(slope!, e.reshape(grad, [-1, 1])))];
  });
}
