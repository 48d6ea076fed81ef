import { expect, test } from 'vitest';
import type { Measured } from '../../training/report/measure.ts';
import type { Report, ReportEntry } from './collect.ts';
import { describeReport } from './content.ts';
import { toHtml } from './html.ts';
import { toMarkdown } from './markdown.ts';

const measured = (loss: number): Measured => ({
  tokens: 1000,
  loss,
  standardError: 0.01,
  accuracy: 0.4,
  byPosition: Array.from({ length: 40 }, (_, position) => ({
    position,
    loss: loss + 1 / (position + 1),
    count: 50,
  })),
  reliability: [{ confidence: 0.5, accuracy: 0.4, count: 1000 }],
  calibrationError: 0.1,
});

const entry = (change: Partial<ReportEntry>): ReportEntry => ({
  name: 'gpt',
  kind: 'shipped',
  parameters: 10_788_929,
  bytes: 21_600_000,
  losses: { val: measured(1.45) },
  charactersPerSecond: 158,
  samples: ['To be'],
  ...change,
});

const report = (entries: readonly ReportEntry[]): Report => ({
  createdAt: '2026-11-24T12:00:00.000Z',
  machine: 'a machine',
  seed: 7,
  sections: [{ dataset: 'shakespeare', splits: ['val'], entries, bestOrder: 7 }],
});

const hostile = '<script>alert(1)</script>```\n| x | "&\u001b[31m';

test('the page and its twin tell the same numbers', () => {
  const content = describeReport(
    report([
      entry({}),
      entry({ name: '7-gram', kind: 'n-gram', losses: { val: measured(1.5165) } }),
      entry({ name: 'mine', kind: 'own', losses: {}, error: 'It has another vocabulary.' }),
    ]),
  );
  const pages = [toHtml(content), toMarkdown(content, (id) => `${id}.svg`)];
  for (const page of pages) {
    for (const text of ['10,788,929', '1.4500 ± 0.0100', '1.5165 ± 0.0100', '40.0 %', '21.6 MB', 'To be']) {
      expect(page).toContain(text);
    }
    expect(page).toContain('mine: not measured. It has another vocabulary.');
  }
  expect(pages[0]!.match(/<svg /g)).toHaveLength(3);
  expect(pages[1]).toContain('](shakespeare-calibration.svg)');
});

test('what a model is called and writes cannot become markup', () => {
  const content = describeReport(report([entry({ name: hostile, samples: [hostile], trainedOnAll: true })]));
  const html = toHtml(content);
  expect(html).not.toMatch(/<script/i);
  expect(html).toContain('&lt;script&gt;alert(1)');
  const markdown = toMarkdown(content, (id) => id);
  for (const page of [html, markdown]) expect(page).not.toContain('\u001b');
  // In the sample's block nothing can end its fence; elsewhere nothing opens a tag or a cell.
  const block = /^(`{4,})\n([\s\S]*?)\n\1$/m.exec(markdown);
  expect(block?.[2]).toContain('<script>');
  const outside = markdown.replace(block![0], '');
  expect(outside).not.toMatch(/(?<!\\)<script/);
  const row = outside.split('\n').find((line) => line.includes('10,788,929'))!;
  expect(row.match(/(?<!\\)\|/g)).toHaveLength(content.sections[0]!.heading.length + 1);
});

test('of many models those with the best losses are drawn as lines', () => {
  const many = Array.from({ length: 12 }, (_, i) =>
    entry({ name: `m${i}`, losses: { val: measured(1 + i / 10) } }),
  );
  const [section] = describeReport(report(many)).sections;
  const position = section!.pictures.find(({ id }) => id.endsWith('position'))!.picture;
  const legend = position.marks.flatMap((mark) =>
    mark.type === 'text' && mark.text.startsWith('━') ? [mark] : [],
  );
  expect(legend).toHaveLength(8);
  expect(new Set(legend.map(({ colour }) => colour)).size).toBe(8);
  expect(legend[0]!.text).toBe('━ m0');
  for (const { x, text } of legend) expect(x + text.length * 8).toBeLessThanOrEqual(position.width);
});
