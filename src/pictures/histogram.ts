import type { InspectReport } from '../engines/engine.ts';
import { describeHistogram } from './describe.ts';
import { columnsOf, shorten, visibleLine } from './label.ts';
import { formatValue } from './numbers.ts';
import { type Frame, Page } from './page.ts';
import { column, type Picture, row } from './picture.ts';
import { countBins, momentsOf } from './statistics.ts';

type Histogram = Extract<InspectReport, { type: 'histogram' }>;

const panelColumns = 38;
const gapColumns = 2;
const bins = 38;
const barRows = 3;

/** Every tensor's values as a small histogram of its own, side by side as far as the width goes. */
export function drawHistogram(report: Histogram, frame: Frame): Picture {
  const page = new Page(report.title, frame);
  page.y += row;
  const across = Math.max(1, Math.floor((page.columns + gapColumns) / (panelColumns + gapColumns)));
  const top = page.y;
  const panelHeight = (barRows + 4) * row;
  for (const [i, series] of report.series.entries()) {
    const x = (i % across) * (panelColumns + gapColumns) * column;
    drawPanel(page, series, x, top + Math.floor(i / across) * panelHeight);
  }
  page.y = top + Math.ceil(report.series.length / across) * panelHeight;
  return page.finish(describeHistogram(report));
}

function drawPanel(page: Page, series: Histogram['series'][number], x: number, y: number): void {
  const { palette } = page;
  const shape = series.shape.join(' × ') || 'scalar';
  const name = shorten(visibleLine(series.name), panelColumns - columnsOf(shape) - 1);
  const { mean, deviation, low, high } = momentsOf(series.values);
  page.text(x, y + row / 2, name, { bold: true });
  page.text(x + panelColumns * column, y + row / 2, shape, { anchor: 'end', colour: palette.faint });
  page.text(x, y + row * 1.5, `mean ${formatValue(mean)}, deviation ${formatValue(deviation)}`);

  const counts = countBins(series.values, bins);
  const most = Math.max(1, ...counts);
  const floor = y + (2 + barRows) * row;
  const wide = (panelColumns * column) / bins;
  for (const [i, count] of counts.entries()) {
    const height = (count / most) * barRows * row;
    if (height > 0) page.block(x + i * wide, floor - height, wide, height, palette.series[0]);
  }
  const under = floor + row / 2;
  page.text(x, under, formatValue(low), { colour: palette.faint });
  page.text(x + panelColumns * column, under, formatValue(high), { anchor: 'end', colour: palette.faint });
}
