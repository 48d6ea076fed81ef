/**
 * The order in which examples are seen, as a function of (seed, step) alone: nothing to keep in a checkpoint.
 * Each epoch is a fresh permutation; batches run across epoch borders, so that no example is dropped.
 */

/** SplitMix32: a well-mixed 32-bit hash of a counter. Steele et al., "Fast splittable PRNGs" (2014), 32-bit form. */
function mix(value: number): number {
  let z = (value + 0x9e3779b9) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

/** One 32-bit seed out of several numbers: `derivedSeed(seed, step, layer)` for everything random in a step. */
export function derivedSeed(...parts: readonly number[]): number {
  return parts.reduce((hash, part) => mix(hash ^ (part >>> 0)), 0);
}

/** Uniform 32-bit numbers from a seed; quick, for shuffling and masks; not for anything published (see tensor/random). */
function uint32Stream(seed: number): () => number {
  let counter = derivedSeed(seed);
  return () => {
    counter = (counter + 0x9e3779b9) | 0;
    return mix(counter);
  };
}

/** Indices 0 … count − 1 in a random order (Fisher–Yates). */
export function permutation(count: number, seed: number): Uint32Array {
  const next = uint32Stream(seed);
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor((next() / 2 ** 32) * (last + 1));
    const kept = order[last]!;
    order[last] = order[other]!;
    order[other] = kept;
  }
  return order;
}

export interface BatchOrder {
  /** Indices of the examples of this step. The array is overwritten by the next call. */
  indices(step: number): Uint32Array;
}

/** Every example once an epoch. */
export function shuffledOrder(options: { count: number; batchSize: number; seed: number }): BatchOrder {
  const { count, batchSize, seed } = options;
  const batch = new Uint32Array(batchSize);
  let epoch = -1;
  let order: Uint32Array = new Uint32Array(0);
  return {
    indices(step) {
      for (let i = 0; i < batchSize; i++) {
        const position = step * batchSize + i;
        const wanted = Math.floor(position / count);
        if (wanted !== epoch) {
          epoch = wanted;
          order = permutation(count, derivedSeed(seed, epoch));
        }
        batch[i] = order[position - epoch * count]!;
      }
      return batch;
    },
  };
}

/** Independent draws with replacement, as the lectures' `randint` does (other numbers, the same distribution). */
export function independentOrder(options: { count: number; batchSize: number; seed: number }): BatchOrder {
  const { count, batchSize, seed } = options;
  const batch = new Uint32Array(batchSize);
  return {
    indices(step) {
      const next = uint32Stream(derivedSeed(seed, step));
      for (let i = 0; i < batchSize; i++) batch[i] = Math.floor((next() / 2 ** 32) * count);
      return batch;
    },
  };
}
