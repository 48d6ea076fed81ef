const units = [
  [1e9, 'B'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;

/** A count in few characters: 729, 8.8k, 10.8M, 65B. */
export function shortCount(count: number): string {
  for (const [size, unit] of units) {
    if (count >= size)
      return `${(count / size).toFixed(count >= size * 100 ? 0 : 1).replace(/\.0$/, '')}${unit}`;
  }
  return String(Math.round(count));
}

/** A count with its thousands apart: 10,788,929. */
export function longCount(count: number): string {
  return Math.round(count).toLocaleString('en');
}

/** Tokens a second: whole above ten. */
export function rate(tokensPerSecond: number): string {
  return tokensPerSecond >= 10 ? longCount(tokensPerSecond) : tokensPerSecond.toFixed(1);
}
