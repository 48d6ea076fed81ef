/** How far several measurements of the same thing lie apart. */
export interface Spread {
  readonly values: readonly number[];
  readonly mean: number;
  /** Sample standard deviation. */
  readonly deviation: number;
  readonly lowest: number;
}

/** @param values at least two */
export function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { values, mean, deviation: Math.sqrt(squares / (values.length - 1)), lowest: Math.min(...values) };
}

export function describeSpread({ values, mean, deviation, lowest }: Spread): string {
  return `${values.length} seeds, mean ${mean.toFixed(4)}, deviation ${deviation.toFixed(4)}, lowest ${lowest.toFixed(4)}`;
}
