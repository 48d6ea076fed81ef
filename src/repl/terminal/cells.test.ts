import fc from 'fast-check';
import { expect, test } from 'vitest';
import { width, wrapRows } from './cells.ts';

const texts = (text: string, columns: number) => wrapRows(text, columns).map((row) => row.text);

test('breaks between words, and long words where they reach the edge', () => {
  expect(texts('one two three', 7)).toEqual(['one two', 'three']);
  expect(texts('one two three', 8)).toEqual(['one two', 'three']);
  expect(texts('incomprehensible', 6)).toEqual(['incomp', 'rehens', 'ible']);
  expect(texts('a incomprehensible', 6)).toEqual(['a', 'incomp', 'rehens', 'ible']);
  expect(texts(' a漢', 2)).toEqual(['', 'a', '漢']);
  expect(texts('漢字かな', 5)).toEqual(['漢字', 'かな']);
  expect(texts('one\n\n two\n', 9)).toEqual(['one', '', ' two', '']);
  expect(texts('', 9)).toEqual(['']);
});

test('loses nothing, fits, and only the last row is not final', () => {
  const text = fc
    .array(fc.constantFrom(' ', '\n', 'a', 'of', 'word', 'longer', '漢', 'e\u0301', '👩‍💻'), {
      maxLength: 60,
    })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, text, fc.integer({ min: 2, max: 12 }), (before, after, columns) => {
      const rows = wrapRows(before + after, columns);
      expect(rows.map(({ raw }) => raw).join('')).toBe(before + after);
      for (const row of rows) expect(width(row.text)).toBeLessThanOrEqual(columns);
      const early = wrapRows(before, columns).slice(0, -1);
      expect(rows.slice(0, early.length)).toEqual(early);
    }),
  );
});
