import type { InspectReport } from '../engines/engine.ts';
import { describeMatrix } from './describe.ts';
import { columnsOf, graphemesOf, shorten, visibleToken } from './label.ts';
import { formatValue } from './numbers.ts';
import { type Frame, Page } from './page.ts';
import { readableOn, shade } from './palette.ts';
import { column, type Picture, row } from './picture.ts';

type Matrix = Extract<InspectReport, { type: 'matrix' }>;

const longestLabel = 14;
const widestCell = 6 * column;
/** More rows than this are drawn half as high in narrow pictures. */
const manyRows = 32;
/** Units a character takes in small print. */
const smallCharacter = 5;
/** Between the texts of neighbouring cells. */
const gap = 4;

/** A matrix as a grid of coloured cells with labels around and, where there is room, in it. */
export function drawHeatMap(report: Matrix, frame: Frame): Picture {
  const page = new Page(report.title, frame);
  const { palette } = page;
  const labelsOf = (labels: readonly string[]) =>
    labels.map((label) => shorten(visibleToken(label), longestLabel));
  const rowLabels = labelsOf(report.rowLabels);
  const columnLabels = labelsOf(report.columnLabels);
  const left = (widest(rowLabels) + 1) * column;
  const wide = Math.floor((page.width - left) / Math.max(columnLabels.length, 1) / column) * column;
  const width = Math.min(Math.max(wide, column), widestCell);
  const height = width > column ? Math.round(width / row) * row : rowLabels.length > manyRows ? row / 2 : row;

  page.y += row / 2;
  drawColumnLabels(page, columnLabels, left, width);
  const scale = scaleOf(report);
  const cellTexts = report.cellLabels?.map(visibleToken) ?? [];
  const print = height >= row ? printOf(widest(cellTexts), width) : 'none';
  for (const [r, label] of rowLabels.entries()) {
    const middle = page.y + height / 2;
    // In rows of half a line only every second label has room.
    if (height >= row || r % 2 === 0)
      page.text(left - column, height >= row ? middle : page.y + row / 2, label, { anchor: 'end' });
    for (let c = 0; c < columnLabels.length; c++) {
      const cell = r * columnLabels.length + c;
      const fill = shade(palette, scale.share(report.values[cell]!));
      const x = left + c * width;
      page.block(x, page.y, width, height, fill);
      const text = cellTexts[cell] ?? '';
      if (print !== 'none' && text !== '')
        page.text(x + width / 2, middle, text, {
          anchor: 'middle',
          colour: readableOn(fill),
          small: print === 'small',
        });
    }
    page.y += height;
  }
  page.y += row / 2;
  page.y = Math.ceil(page.y / row) * row;
  drawLegend(page, scale);
  return page.finish(describeMatrix(report));
}

/** All cells speak alike or not at all: a number that is left out would look like a nought. */
function printOf(columns: number, width: number): 'normal' | 'small' | 'none' {
  const room = width - gap;
  if (columns * column <= room) return 'normal';
  return columns * smallCharacter <= room ? 'small' : 'none';
}

/** Side by side when they fit over their columns, else each from top to bottom. */
function drawColumnLabels(page: Page, labels: readonly string[], left: number, width: number): void {
  const lies = widest(labels) * column <= width;
  const lines = lies ? 1 : Math.max(...labels.map((label) => graphemesOf(label).length));
  page.y = Math.ceil(page.y / row) * row;
  for (const [c, label] of labels.entries()) {
    const parts = lies ? [label] : graphemesOf(label);
    for (const [i, part] of parts.entries()) {
      const y = page.y + (lines - parts.length + i + 0.5) * row;
      page.text(left + (c + 0.5) * width, y, part, { anchor: 'middle' });
    }
  }
  page.y += lines * row;
}

interface Scale {
  readonly low: number;
  readonly high: number;
  readonly middle: number;
  /** Place of a value on the colour scale, in [0, 1]. */
  share(value: number): number;
}

/**
 * Colours by value, from 0 or less to the highest. Rows that are distributions are coloured by the square
 * root: a few cells near 1 would else leave all others white.
 */
function scaleOf({ values, columnLabels }: Matrix): Scale {
  const low = values.reduce((least, value) => Math.min(least, value), 0);
  const high = values.reduce((most, value) => Math.max(most, value), low);
  const range = high - low || 1;
  const power = hasDistributions(values, columnLabels.length) ? 2 : 1;
  return {
    low,
    high,
    middle: low + range * 0.5 ** power,
    share: (value) => ((value - low) / range) ** (1 / power),
  };
}

function hasDistributions(values: Float32Array, width: number): boolean {
  for (let from = 0; from < values.length; from += width) {
    const sum = values.subarray(from, from + width).reduce((total, value) => total + value, 0);
    if (Math.abs(sum - 1) > 1e-3) return false;
  }
  return true;
}

function drawLegend(page: Page, { low, high, middle }: Scale): void {
  const steps = 17;
  const y = page.y + row / 2;
  const from = (columnsOf(formatValue(low)) + 1) * column;
  page.text(0, y, formatValue(low));
  for (let i = 0; i < steps; i++)
    page.block(from + i * column, page.y, column, row, shade(page.palette, i / (steps - 1)));
  page.text(from + (steps + 1) * column, y, `${formatValue(high)}, middle ${formatValue(middle)}`);
  page.y += row;
}

function widest(labels: readonly string[]): number {
  return Math.max(0, ...labels.map(columnsOf));
}
