import fc from 'fast-check';
import { expect, test } from 'vitest';
import { width } from './cells.ts';
import { WordFlow } from './word-flow.ts';

/** What has been shown after each part. */
function stream(columns: number, parts: readonly string[]): string[] {
  const flow = new WordFlow(() => columns);
  let shown = '';
  return parts.map((text) => {
    shown += flow
      .push([{ text, style: '' }])
      .map((span) => span.text)
      .join('');
    return shown;
  });
}
const last = (columns: number, ...parts: string[]) => stream(columns, parts).at(-1);

test('ends rows between words', () => {
  expect(last(12, 'one two three four\n')).toBe('one two\nthree four\n');
  expect(last(7, 'one two three\n')).toBe('one two\nthree\n');
  expect(last(8, 'one two three\n')).toBe('one two\nthree\n');
  expect(last(9, 'a', 'b', 'c', ' ', 'd', 'e', 'f', 'g', 'h', 'i', '\n')).toBe('abc\ndefghi\n');
});

test('shows letters as they come, but for a word near the edge', () => {
  expect(stream(30, ['mer', 'ry ', 'me', 'n'])).toEqual(['mer', 'merry ', 'merry me', 'merry men']);
  expect(stream(12, ['mer', 'ry'])).toEqual(['mer', 'merry']);
  expect(stream(12, ['merry men ', 'a', 'nd', ' all'])).toEqual([
    'merry men',
    'merry men',
    'merry men\nand',
    'merry men\nand',
  ]);
});

test('leaves words longer than a row, wide characters and code to the terminal', () => {
  expect(last(10, `go ${'x'.repeat(25)} on\n`)).toBe(`go\n${'x'.repeat(25)} on\n`);
  expect(last(10, 'いろはにほへと ちりぬる\n')).toBe('いろはにほへと ちりぬる\n');
  const flow = new WordFlow(() => 10);
  const code = { text: 'const answer = 42;\n', style: '', verbatim: true };
  expect(flow.push([code])).toMatchObject([{ text: code.text }]);
});

test('a text that ends at the edge, with a space or without, makes no empty row', () => {
  expect(last(5, '12345\n', '6\n')).toBe('12345\n6\n');
  expect(last(5, '12345 \n', '6\n')).toBe('12345 \n6\n'.replace(' ', ''));
  expect(last(5, '12345 6\n')).toBe('12345\n6\n');
});

test('keeps every word, however the text is cut, and no row is too wide unless a word is', () => {
  const texts = fc.array(fc.constantFrom('a', 'of', 'word', 'longer', ' ', ' ', '\n'), { maxLength: 80 });
  fc.assert(
    fc.property(texts, fc.integer({ min: 8, max: 30 }), (parts, columns) => {
      const whole = `${parts.join('')}\n`;
      const shown = last(columns, ...parts, '\n')!;
      const words = (text: string) => text.split(/\s+/).filter(Boolean);
      expect(words(shown)).toEqual(words(whole));
      expect(shown).toBe(last(columns, whole));
      // A word with the spaces that a line begins with may be wider than a row; one of more than 20 is not held back.
      for (const row of shown.split('\n'))
        if (width(row) > columns)
          expect((row.match(/^ *\S+|\S+/g) ?? []).some((word) => width(word) > Math.min(columns, 20))).toBe(
            true,
          );
    }),
  );
});
