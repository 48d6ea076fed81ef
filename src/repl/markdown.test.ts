import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MarkdownStyler } from './markdown.ts';
import type { Span } from './terminal/tape.ts';
import { plainTheme, type Role, type Theme } from './theme.ts';

// Each role's style is its own name, so that a test reads well.
const theme = Object.fromEntries(Object.keys(plainTheme).map((role) => [role, `<${role}>`])) as Theme &
  Record<Role, string>;

function style(parts: readonly string[]): Span[] {
  const styler = new MarkdownStyler(theme);
  const spans = [...parts.flatMap((part) => styler.push(part)), ...styler.flush()];
  const merged: Span[] = [];
  for (const span of spans) {
    const last = merged.at(-1);
    if (last?.style === span.style) merged[merged.length - 1] = { ...last, text: last.text + span.text };
    else merged.push(span);
  }
  return merged;
}

const show = (text: string) =>
  style([text])
    .map((span) => `${span.style}${span.text}`)
    .join('|');

test.each([
  ['plain *it* **b** `c`', 'plain |<emphasis>*it*| |<strong>**b**| |<code>`c`'],
  ['# Title\ntext', '<heading># Title|\ntext'],
  ['* one\n* two', '<mark>*| one\n|<mark>*| two'],
  ['2 * 3 * 4', '2 * 3 * 4'],
  ['**open\nnext', '<strong>**open|\nnext'],
  ['`a *b* c`', '<code>`a *b* c`'],
  [
    '```js\nconst a = "x"; // n\n```\nend',
    '<dim>```js|\n|<keyword>const| a = |<string>"x"|; |<dim>// n|\n|<dim>```|\nend',
  ],
  ['```\nreturned 12\n```', '<dim>```|\nreturned |<number>12|\n|<dim>```'],
  ['#hash is no title', '#hash is no title'],
])('%j', (text, expected) => {
  expect(show(text)).toBe(expected);
});

test('nothing is lost, and where the stream is cut changes nothing', () => {
  const piece = fc.constantFrom(
    '*',
    '**',
    '`',
    '```',
    '\n',
    '# ',
    'word',
    ' ',
    'const x = 1',
    '"str"',
    '//',
    '漢',
    '- ',
    "'",
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 25 }),
      fc.array(fc.nat(120), { maxLength: 8 }),
      (pieces, cuts) => {
        const text = pieces.join('');
        const places = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b)];
        const parts = places.map((place, index) => text.slice(place, places[index + 1]));
        expect(style(parts)).toEqual(style([text]));
        expect(
          style(parts)
            .map((span) => span.text)
            .join(''),
        ).toBe(text);
      },
    ),
    { numRuns: 500 },
  );
});
