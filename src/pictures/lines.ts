import { columnsOf, visibleLine } from './label.ts';
import { formatValue, ticks } from './numbers.ts';
import { type Frame, Page } from './page.ts';
import { column, type Picture, row } from './picture.ts';

/** Lines over a plane with two numbered axes. */
export interface Lines {
  readonly title: string;
  /** For those who do not see it. */
  readonly description: string;
  readonly xLabel: string;
  readonly series: readonly {
    readonly name: string;
    readonly points: readonly (readonly [x: number, y: number])[];
  }[];
  /** How far the x axis reaches at least; default: the points. */
  readonly xMost?: number;
  /** What the y axis covers at least; default: the points. */
  readonly yRange?: readonly [low: number, high: number];
  /** A thin line from corner to corner, such as "as sure as right". */
  readonly diagonal?: boolean;
}

/** Draws lines, the legend above them. Points that are no numbers are left out; x begins at 0. */
export function drawLines(lines: Lines, frame: Frame): Picture {
  const page = new Page(lines.title, frame);
  const { palette } = page;
  const series = lines.series.map(({ name, points }, i) => ({
    name,
    points: points.filter(([, y]) => Number.isFinite(y)),
    colour: palette.series[i % palette.series.length]!,
  }));
  drawLegend(page, series);

  const points = series.flatMap((one) => one.points);
  const ys = [...points.map(([, y]) => y), ...(lines.yRange ?? [])];
  const low = ys.reduce((least, y) => Math.min(least, y), Number.POSITIVE_INFINITY);
  const high = ys.reduce((most, y) => Math.max(most, y), Number.NEGATIVE_INFINITY);
  const most = points.reduce((right, [x]) => Math.max(right, x), lines.xMost ?? 0) || 1;
  const rows = Math.min(Math.max(Math.round(page.width / 2 / row), 10), 28);
  const marks = ys.length === 0 ? [] : ticks(low, high, rows / 4);
  const left = (Math.max(4, ...marks.map((mark) => columnsOf(formatValue(mark)))) + 2) * column;
  const right = page.width - column;
  const top = page.y;
  const bottom = top + rows * row;
  const toX = (x: number) => left + (x / most) * (right - left);
  const toY = (y: number) => bottom - ((y - low) / (high - low || 1)) * (bottom - top);
  const thin = (...path: readonly (readonly [number, number])[]) =>
    page.add({ type: 'line', points: path, colour: palette.faint, thickness: 1 });

  for (const mark of marks) {
    page.text(left - 2 * column, toY(mark), formatValue(mark), { anchor: 'end', colour: palette.faint });
    thin([left - column, toY(mark)], [left, toY(mark)]);
  }
  thin([left, top], [left, bottom], [right, bottom]);
  for (const x of ticks(0, most, Math.max(2, page.columns / 20))) {
    const text = x.toLocaleString('en');
    const half = (columnsOf(text) * column) / 2;
    page.text(Math.min(toX(x), page.width - half), bottom + row, text, {
      anchor: 'middle',
      colour: palette.faint,
    });
  }
  page.text((left + right) / 2, bottom + 2 * row, visibleLine(lines.xLabel), {
    anchor: 'middle',
    colour: palette.faint,
  });
  if (lines.diagonal) thin([left, bottom], [right, top]);
  for (const { points: line, colour } of series) {
    if (line.length === 0) continue;
    page.add({ type: 'line', points: line.map(([x, y]) => [toX(x), toY(y)] as const), colour });
  }
  page.y = bottom + 3 * row;
  return page.finish(lines.description);
}

/** Names in their lines' colours, as many side by side as there is room for. */
function drawLegend(page: Page, series: readonly { readonly name: string; readonly colour: string }[]): void {
  let x = 0;
  for (const { name, colour } of series) {
    const text = `━ ${visibleLine(name)}`;
    const wide = columnsOf(text) * column;
    if (x > 0 && x + wide > page.width) {
      x = 0;
      page.y += row;
    }
    page.text(x, page.y + row / 2, text, { colour });
    x += wide + 3 * column;
  }
  page.y += 2 * row;
}
