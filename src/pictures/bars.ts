import { columnsOf, shorten, visibleLine } from './label.ts';
import { type Frame, Page } from './page.ts';
import { column, type Picture, row } from './picture.ts';

/** Named numbers, a bar each. */
export interface Bars {
  readonly title: string;
  /** For those who do not see it. */
  readonly description: string;
  readonly bars: readonly {
    readonly name: string;
    readonly value: number;
    /** As it is written beside the bar. */
    readonly label: string;
    /** Which of the palette's colours; default the first. */
    readonly group?: number;
  }[];
  /** Where bars begin; default 0. A larger one shows small differences, and the picture says so. */
  readonly from?: number;
}

const longestName = 32;

/** Draws bars below each other, in the order given. Negative or missing values have none. */
export function drawBars({ title, description, bars, from = 0 }: Bars, frame: Frame): Picture {
  const page = new Page(title, frame);
  const { palette } = page;
  if (from !== 0) page.line(`bars begin at ${from}`, { colour: palette.faint });
  page.y += row / 2;
  const names = bars.map(({ name }) => shorten(visibleLine(name), longestName));
  const left = (Math.max(1, ...names.map(columnsOf)) + 1) * column;
  const labels = Math.max(1, ...bars.map(({ label }) => columnsOf(label))) + 1;
  const room = Math.max(page.width - left - labels * column, column);
  const most = Math.max(from, ...bars.map(({ value }) => value)) - from || 1;
  for (const [i, { value, label, group = 0 }] of bars.entries()) {
    const middle = page.y + row / 2;
    page.text(left - column, middle, names[i]!, { anchor: 'end' });
    const width = Number.isFinite(value) ? Math.max((room * (value - from)) / most, 1) : 0;
    if (width > 0) {
      page.block(left, page.y + 1, width, row - 2, palette.series[group % palette.series.length]!);
    }
    page.text(left + width + column, middle, label);
    page.y += row * 1.5;
  }
  return page.finish(description);
}
