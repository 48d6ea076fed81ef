/** Curves in text: one series in braille dots (2 × 4 a cell), or several, each with a mark of its own. */

export interface Series {
  readonly points: readonly (readonly [x: number, y: number])[];
  /** One character, drawn over the cells; absent: braille dots. */
  readonly mark?: string;
}

/** Bits of a braille cell's dots, by row and column. Unicode, block "Braille Patterns". */
const dots = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

/** @returns `height` lines of `width` columns, the y axis's labels included. Empty when there is nothing to draw. */
export function drawChart(series: readonly Series[], size: { width: number; height: number }): string[] {
  const points = series.flatMap((one) => one.points).filter(([, y]) => Number.isFinite(y));
  if (points.length === 0) return [];
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const labels = [high, low].map((value) => value.toFixed(3));
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const columns = Math.max(size.width - labelWidth - 2, 2);
  const rows = size.height;
  const place = (value: number, from: number, to: number, cells: number) =>
    to === from ? 0 : Math.round(((value - from) / (to - from)) * (cells - 1));

  const cells = Array.from({ length: rows }, () => new Uint8Array(columns));
  const marks = Array.from({ length: rows }, () => new Array<string>(columns).fill(''));
  for (const { points: curve, mark } of series) {
    for (const [x, y] of curve) {
      if (!Number.isFinite(y)) continue;
      if (mark === undefined) {
        const column = place(x, left, right, columns * 2);
        const row = place(high - y, 0, high - low, rows * 4);
        cells[row >> 2]![column >> 1]! |= dots[row & 3]![column & 1]!;
      } else {
        marks[place(high - y, 0, high - low, rows)]![place(x, left, right, columns)] = mark;
      }
    }
  }
  return cells.map((line, row) => {
    const label = row === 0 ? labels[0]! : row === rows - 1 ? labels[1]! : '';
    const text = Array.from(
      line,
      (bits, column) => marks[row]![column] || String.fromCodePoint(0x2800 + bits),
    );
    return `${label.padStart(labelWidth)} │${text.join('')}`;
  });
}
