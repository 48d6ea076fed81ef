/** The value below which this share of the values lies; the upper one of two in the middle. */
export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.round((values.length - 1) * share)]!;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);
