import { expect, test } from 'vitest';
import { plainTheme } from '../theme.ts';
import type { Layout } from './layout.ts';
import { columnWidth, SideBySide } from './side-by-side.ts';
import { Stacked } from './stacked.ts';

const final = (layout: Layout) =>
  layout
    .takeFinal()
    .map(({ text }) => text)
    .join('');

test('columns stand side by side where each has 20 cells', () => {
  expect(columnWidth(80, 3)).toBe(24);
  expect(columnWidth(80, 4)).toBeUndefined();
  expect(columnWidth(40, 2)).toBeUndefined();
  expect(columnWidth(44, 2)).toBe(20);
});

test('a row leaves when no column can change it any more', () => {
  const layout = new SideBySide(['1 quick', '2 slow'], plainTheme, 10);
  expect(final(layout)).toBe('1 quick    │ 2 slow\n');
  layout.add(0, 'one two three four five');
  expect(final(layout)).toBe('');
  layout.add(1, 'a');
  expect(final(layout)).toBe('');
  layout.add(1, ' longer word');
  expect(final(layout)).toBe('one two    │ a longer\n');
  layout.end(1, 'done');
  expect(final(layout)).toBe('three four │ word\n');
  layout.add(0, ' six');
  layout.end(0, '7 tokens');
  expect(final(layout)).toBe('five six\n7 tokens   │ done\n');
  expect(final(layout)).toBe('');
});

test('the panel shows the last rows of what has not left, and never more than it may', () => {
  const layout = new SideBySide(['1', '2'], plainTheme, 10);
  layout.setStatus(0, 'writing');
  layout.add(0, Array.from({ length: 20 }, (_, i) => `row ${i}`).join('\n'));
  layout.add(1, 'slow');
  final(layout);
  const rows = layout.rows({ columns: 40, most: 4 });
  expect(rows).toEqual(['row 17     │ slow', 'row 18', 'row 19', 'writing']);
  expect(layout.rows({ columns: 40, most: 1 })).toEqual(['writing']);
});

test('another width lays out what is left; what has left stays', () => {
  const layout = new SideBySide(['1', '2'], plainTheme, 20);
  layout.add(0, 'one two three four five six seven');
  layout.add(1, 'alpha beta gamma delta epsilon');
  expect(final(layout)).toContain('one two three four   │ alpha beta gamma\n');
  layout.resize(10);
  layout.end(0, '');
  layout.end(1, '');
  expect(final(layout)).toBe('five six   │ delta\nseven      │ epsilon\n');
});

test('stacked, the first answer streams and the others wait their turn', () => {
  const layout = new Stacked(['1 slow', '2 quick', '3 wrong'], plainTheme);
  layout.add(1, 'all of it');
  layout.end(1, '3 tokens');
  layout.fail(2, '✗ no such model');
  expect(final(layout)).toBe('1 slow\n');
  layout.setStatus(0, 'writing');
  expect(layout.rows({ columns: 80, most: 5 })).toEqual(['1 slow: writing · 2 quick: done · 3 wrong: done']);
  layout.add(0, 'word by');
  expect(final(layout)).toBe('word by');
  layout.add(0, ' word');
  layout.end(0, '2 tokens');
  expect(final(layout)).toBe(' word\n2 tokens\n\n2 quick\nall of it\n3 tokens\n\n3 wrong\n✗ no such model\n');
});
