import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import type { InspectReport } from '../engines/engine.ts';
import { describePicture, drawReport, type LossCurve, toCells, toPng, toSvg } from './index.ts';
import { countBins } from './statistics.ts';

const reports: Readonly<Record<string, InspectReport | LossCurve>> = {
  matrix: {
    type: 'matrix',
    title: 'Table',
    rowLabels: ['a', ' '],
    columnLabels: ['a', '<b>'],
    values: Float32Array.of(0.25, 0.75, 1, 0),
    cellLabels: ['1', '3', '4', '0'],
  },
  distribution: {
    type: 'distribution',
    title: 'Next token',
    tokens: [
      { tokenId: 1, text: 'a', probability: 0.75 },
      { tokenId: 2, text: '\n', probability: 0.25 },
    ],
  },
  surprise: {
    type: 'surprise',
    meanNll: 1.5,
    tokens: [
      { text: 'a', tokenId: 1, nll: 0.5 },
      { text: '&', tokenId: 2, nll: 2.5 },
    ],
  },
  histogram: {
    type: 'histogram',
    title: 'Weights',
    series: [{ name: 'w', shape: [2, 2], values: Float32Array.of(-1, 0, 0, 1) }],
  },
  graph: {
    type: 'graph',
    title: 'Model',
    nodes: [
      { id: 'a', label: 'in' },
      { id: 'b', label: 'linear', shape: '(2)', parameterCount: 4 },
      { id: 'c', label: 'add' },
    ],
    edges: [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'c' },
      { from: 'a', to: 'c' },
    ],
  },
  curve: {
    type: 'curve',
    title: 'Loss',
    series: [
      {
        name: 'val',
        points: [
          { step: 0, loss: 3 },
          { step: 10, loss: 2 },
        ],
      },
    ],
  },
};
const kinds = Object.entries(reports);

test.each(kinds)('%s: the SVG is the golden one', async (kind, report) => {
  await expect(toSvg(drawReport(report, { width: 320 }))).toMatchFileSnapshot(`golden/${kind}.svg`);
});

test.each(kinds)('%s: fits into 40 and 80 columns of a terminal', async (kind, report) => {
  for (const columns of [40, 80]) {
    const lines = toCells(drawReport(report, { width: columns * 8 }), { columns, colour: 'none' });
    for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`golden/${kind}-${columns}.txt`);
  }
});

test('a picture is made smaller to fit into the rows there are', () => {
  const picture = drawReport(reports['graph']!, { width: 320 });
  expect(toCells(picture, { columns: 40, rows: 8, colour: 'none' }).length).toBeLessThanOrEqual(8);
});

test('colours are those the terminal has, and none is left behind', () => {
  const picture = drawReport(reports['distribution']!, { width: 320 });
  const bar = (colour: 'truecolor' | '256' | 'none') =>
    toCells(picture, { columns: 40, colour }).find((line) => line.includes('75.0 %'))!;
  expect(bar('truecolor')).toMatch(/\x1b\[48;2;\d+;\d+;\d+m/);
  expect(bar('256')).toMatch(/\x1b\[48;5;\d+m/);
  expect(bar('256')).not.toContain(';2;');
  expect(bar('none')).not.toContain('\x1b');
  expect(bar('truecolor').endsWith('\x1b[0m')).toBe(true);
});

test('labels from a model cannot break out of any sink', () => {
  const evil = '</text><script>alert(1)</script>\x1b[2J\u202e\u0007';
  const picture = drawReport({
    type: 'distribution',
    title: evil,
    tokens: [{ tokenId: 0, text: evil, probability: 1 }],
  });
  expect(toSvg(picture)).not.toMatch(/<script|[\x1b\u202e\u0007]/);
  expect(toCells(picture, { columns: 120, colour: 'none' }).join('\n')).not.toMatch(/[\x1b\u202e\u0007]/);
});

test('a PNG has the picture’s shape, with a margin, at twice its size', async () => {
  const picture = drawReport(reports['matrix']!, { width: 320 });
  const png = await toPng(picture);
  expect(png.toString('latin1', 1, 4)).toBe('PNG');
  expect(png.readUInt32BE(16)).toBe((picture.width + 32) * 2);
  expect(png.readUInt32BE(20)).toBe((picture.height + 32) * 2);
});

test('bins hold every value once, the highest in the last', () => {
  expect(countBins(Float32Array.of(0, 0.9, 1, 1.9, 2, 3, 4), 4)).toEqual([2, 2, 1, 2]);
  expect(countBins(Float32Array.of(7, 7, 7), 4)).toEqual([0, 0, 3, 0]);
});

test('descriptions name the numbers that matter', () => {
  expect(describePicture(reports['matrix']!)).toBe(
    'Table: 2 rows by 2 columns; the highest value, 1, labelled “4”, is in row “␣”, column “a”.',
  );
  expect(describePicture(reports['distribution']!)).toContain('“a” 75.0 %, “↵” 25.0 %');
  expect(describePicture(reports['graph']!)).toContain('4 parameters');
  expect(describePicture(reports['curve']!)).toContain('lowest 2.0000');
});
