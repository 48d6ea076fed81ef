/** Windows of a text: which ones a step sees, and how they come into TensorFlow. */
import type { Eager } from '../../tensor/ops/eager.ts';
import type { Handle } from '../../tensor/ops/runtime.ts';
import { derivedSeed, independentOrder, shuffledOrder } from '../order.ts';

/**
 * Where the windows of a step start, by step. Either drawn independently, or every window once an epoch, in a
 * new order and shifted by a new offset. A window has one more token after it: the last target.
 */
export function windowStarts(
  tokens: Uint16Array,
  contextLength: number,
  { epochs, batchSize, seed }: { epochs: boolean; batchSize: number; seed: number },
): (step: number) => Uint32Array {
  if (!epochs) {
    const order = independentOrder({ count: tokens.length - contextLength, batchSize, seed });
    return (step) => order.indices(step);
  }
  // One window fewer than fit, so that every offset leaves room.
  const count = Math.floor(tokens.length / contextLength) - 1;
  const order = shuffledOrder({ count, batchSize, seed });
  return (step) =>
    order.indices(step).map((window, i) => {
      const epoch = Math.floor((step * batchSize + i) / count);
      return window * contextLength + (derivedSeed(seed, epoch, 1) % contextLength);
    });
}

/** Windows and, one token later, their targets: inputs (B, T) and targets (B·T), int32. */
export function windowTensors(
  e: Eager,
  tokens: Uint16Array,
  starts: ArrayLike<number>,
  length: number,
): { inputs: Handle; targets: Handle } {
  const count = starts.length;
  const inputs = new Int32Array(count * length);
  const targets = new Int32Array(count * length);
  for (let window = 0; window < count; window++) {
    const start = starts[window]!;
    inputs.set(tokens.subarray(start, start + length), window * length);
    targets.set(tokens.subarray(start + 1, start + 1 + length), window * length);
  }
  return { inputs: e.tensor(inputs, [count, length]), targets: e.tensor(targets, [count * length]) };
}
