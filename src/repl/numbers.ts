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

/** A size on disk or in memory: 3 kB, 11.4 MB, 36.7 GB. */
export function shortBytes(bytes: number): string {
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} kB`;
  const [size, unit] = bytes < 1e9 ? [1e6, 'MB'] : [1e9, 'GB'];
  return `${(bytes / size).toFixed(bytes < 100 * size ? 1 : 0)} ${unit}`;
}
