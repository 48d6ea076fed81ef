import type { Eager } from './eager.ts';
import type { DType } from './runtime.ts';

const size = 1024;
const rounds = 8;

/** Floating-point operations a second of a large matrix product: the most a network can hope for. Takes some 0.1 s. */
export function matMulSpeed(e: Eager, dtype: DType): number {
  return e.scope(() => {
    const values = Float32Array.from({ length: size * size }, (_, i) => Math.sin(i));
    const x = e.cast(e.tensor(values, [size, size]), dtype);
    let quickest = Number.POSITIVE_INFINITY;
    for (let round = 0; round < rounds; round++) {
      const begin = performance.now();
      e.scope(() => e.matMul(x, x));
      quickest = Math.min(quickest, performance.now() - begin);
    }
    return (2 * size ** 3 * 1000) / quickest;
  });
}
