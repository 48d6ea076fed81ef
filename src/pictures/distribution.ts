import type { InspectReport } from '../engines/engine.ts';
import { describeDistribution } from './describe.ts';
import { columnsOf, shorten, visibleToken } from './label.ts';
import { formatPercent } from './numbers.ts';
import { type Frame, Page } from './page.ts';
import { column, type Picture, row } from './picture.ts';

type Distribution = Extract<InspectReport, { type: 'distribution' }>;

const longestLabel = 16;
/** `100.0 %` and a space. */
const percentColumns = 8;

/** Tokens with a bar each; a bar over the whole width is certainty. */
export function drawDistribution(report: Distribution, frame: Frame): Picture {
  const page = new Page(report.title, frame);
  page.y += row;
  const labels = report.tokens.map(({ text }) => shorten(visibleToken(text), longestLabel));
  const left = (Math.max(1, ...labels.map(columnsOf)) + 1) * column;
  const room = Math.max(page.width - left - percentColumns * column, column);
  for (const [i, { probability }] of report.tokens.entries()) {
    const middle = page.y + row / 2;
    page.text(left - column, middle, labels[i]!, { anchor: 'end' });
    page.text(left + (percentColumns - 1) * column, middle, formatPercent(probability), { anchor: 'end' });
    const from = left + percentColumns * column;
    if (probability > 0)
      page.block(from, page.y + 1, Math.max(room * probability, 1), row - 2, page.palette.series[0]);
    page.y += row;
  }
  return page.finish(describeDistribution(report));
}
