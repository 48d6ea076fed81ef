/** The numbers behind the pictures. */

export interface Moments {
  readonly mean: number;
  /** Standard deviation of the population. */
  readonly deviation: number;
  readonly low: number;
  readonly high: number;
}

/** Zeros when there are no values. */
export function momentsOf(values: Float32Array): Moments {
  if (values.length === 0) return { mean: 0, deviation: 0, low: 0, high: 0 };
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (const value of values) {
    sum += value;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / values.length), low, high };
}

/**
 * How many values lie in each of `bins` equal parts of [lowest, highest]; the last part holds its upper
 * end too, as in NumPy. Values that are all the same lie in the middle.
 */
export function countBins(values: Float32Array, bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  const { low, high } = momentsOf(values);
  const scale = bins / (high - low);
  for (const value of values) {
    const bin = high > low ? Math.min(Math.floor((value - low) * scale), bins - 1) : bins >> 1;
    counts[bin]!++;
  }
  return counts;
}

/** Place and size of the highest value; undefined when there is none. */
export function highest(
  values: Float32Array,
): { readonly index: number; readonly value: number } | undefined {
  let index = -1;
  for (const [i, value] of values.entries()) if (index < 0 || value > values[index]!) index = i;
  return index < 0 ? undefined : { index, value: values[index]! };
}
