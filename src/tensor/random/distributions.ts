/** Arrays of random numbers, each equal to PyTorch's on the CPU for the same generator state. */
import { boxMuller16 } from './box-muller.ts';
import type { TorchGenerator } from './generator.ts';

/** Uniform from [0, 1), float32: `torch.rand(size)`. */
export function rand(generator: TorchGenerator, size: number): Float32Array<ArrayBuffer> {
  return new Float32Array(size).map(() => generator.uniformFloat());
}

/** Standard normal, float32: `torch.randn(size)`. A tensor of any shape is filled in row-major order. */
export function randn(generator: TorchGenerator, size: number): Float32Array<ArrayBuffer> {
  // PyTorch has one algorithm for fewer than 16 values and another for more.
  if (size < 16) return new Float32Array(size).map(() => generator.normal());
  const values = rand(generator, size);
  for (let i = 0; i + 16 <= size; i += 16) boxMuller16(values, i);
  if (size % 16 !== 0) {
    // The last 16 values are drawn again, over some that were done already.
    values.set(rand(generator, 16), size - 16);
    boxMuller16(values, size - 16);
  }
  return values;
}

/**
 * Integers from [low, high): `torch.randint(low, high, (size,))`.
 * @param high at most low + 2^53
 */
export function randint(generator: TorchGenerator, low: number, high: number, size: number): Float64Array {
  const range = high - low;
  const draw =
    range < 2 ** 28
      ? () => low + (generator.uint32() % range)
      : () => low + Number(generator.uint64() % BigInt(range));
  return new Float64Array(size).map(draw);
}

/** The integers below n in random order: `torch.randperm(n)`. */
export function randperm(generator: TorchGenerator, n: number): Uint32Array<ArrayBuffer> {
  const order = new Uint32Array(n).map((_, index) => index);
  for (let i = 0; i < n - 1; i++) {
    const other = i + (generator.uint32() % (n - i));
    const value = order[i]!;
    order[i] = order[other]!;
    order[other] = value;
  }
  return order;
}

/** Exponential with rate 1, float32: `torch.empty(size).exponential_()`, where PyTorch does not use MKL for it. */
export function exponential(generator: TorchGenerator, size: number): Float32Array<ArrayBuffer> {
  return new Float32Array(size).map(() => -Math.log1p(-generator.uniformDouble()));
}
