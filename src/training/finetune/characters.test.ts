import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeUnknown, findUnknown, nearestKnown, normaliseText, settleUnknown } from './characters.ts';

const letters = new Set("abcdefghijklmnopqrstuvwxyz'- .\n");
const text = 'a café,\nno “naïve” 東京 É\n';

test('the report counts, places and names every unknown character', () => {
  const report = findUnknown(text, letters);
  expect(report).toMatchObject({ total: 24, unknown: 8 });
  const of = (character: string) => report.characters.find((one) => one.character === character);
  expect(of('é')).toEqual({ character: 'é', count: 1, line: 1, column: 6, nearest: 'e' });
  expect(of('“')).toMatchObject({ line: 2, column: 4, nearest: "'" });
  expect(of('東')).toMatchObject({ line: 2, nearest: undefined });
  const said = describeUnknown(report);
  expect(said).toContain('8 characters of the text, in 8 of 24 places (33.3 %)');
  expect(said).toContain('"é" U+00E9  1×, first in line 1, column 6; nearest "e"');
});

test('a character that does not show is told by its number alone', () => {
  expect(describeUnknown(findUnknown('a\x1b[a\u200b', letters))).not.toMatch(/[^\P{C}\n]/u);
});

describe('policies', () => {
  const settle = (policy: Parameters<typeof settleUnknown>[2]) => settleUnknown(text, letters, policy);

  test('refuse tells the choices', () => {
    expect(() => settle('refuse')).toThrow(
      expect.objectContaining({ code: 'TEXT_UNKNOWN_CHARACTERS', hint: expect.stringContaining('replace') }),
    );
    expect(settleUnknown('abc', letters, 'refuse')).toEqual({ text: 'abc', added: [] });
  });

  test('drop leaves out, replace takes the nearest, extend learns', () => {
    expect(settle('drop').text).toBe('a caf\nno nave  \n');
    expect(settle('replace').text).toBe("a cafe\nno 'naive'  e\n");
    expect(settle('extend')).toEqual({ text, added: [',', 'É', 'é', 'ï', '“', '”', '京', '東'] });
  });

  test('what comes out is known, whatever came in', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 0x10ffff })),
        fc.constantFrom('drop', 'replace', 'extend'),
        (points, policy) => {
          const input = normaliseText(String.fromCodePoint(...points));
          const { text: out, added } = settleUnknown(input, letters, policy as 'drop');
          expect(findUnknown(out, new Set([...letters, ...added])).unknown).toBe(0);
        },
      ),
      { numRuns: 30 },
    );
  });
});

test('the nearest is a look-alike, a plain letter or the other case', () => {
  const near = (character: string, known = letters) => nearestKnown(character, known);
  expect(['É', 'ﬁ', '—', '”', 'ß', 'Œ', '…', '\u00a0', '7'].map((one) => near(one))).toEqual([
    'e',
    'fi',
    '-',
    "'",
    'ss',
    'oe',
    '...',
    ' ',
    undefined,
  ]);
  expect(near('”', new Set('"'))).toBe('"');
});

test('line ends, a byte order mark and loose accents are made plain first', () => {
  expect(normaliseText('\uFEFFa\r\nb\rcafe\u0301')).toBe('a\nb\ncafé');
});
