import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitMessage } from './split.ts';

const fences = (text: string) => text.split('\n').filter((line) => /^(```|~~~)/.test(line)).length;

test('a short text stays one message; an empty one gives none', () => {
  expect(splitMessage('hello')).toEqual(['hello']);
  expect(splitMessage('')).toEqual([]);
});

test('it cuts between paragraphs when it can', () => {
  const text = `${'a'.repeat(60)}\n\n${'b'.repeat(60)}`;
  expect(splitMessage(text, 100)).toEqual(['a'.repeat(60), 'b'.repeat(60)]);
});

test('a code fence is closed at the cut and opened again with its language', () => {
  const code = Array.from({ length: 12 }, (_, i) => `line ${i} of the code`).join('\n');
  const parts = splitMessage(`Look:\n\`\`\`ts\n${code}\n\`\`\`\nDone.`, 120);
  expect(parts.length).toBeGreaterThan(2);
  for (const part of parts) {
    expect(part.length).toBeLessThanOrEqual(120);
    expect(fences(part) % 2).toBe(0);
  }
  expect(parts[1]!.startsWith('```ts\n')).toBe(true);
  const lines = parts.flatMap((part) => part.split('\n')).filter((line) => line.startsWith('line '));
  expect(lines.join('\n')).toBe(code);
});

test('neither a surrogate pair nor a family of emoji is cut in two', () => {
  const family = '👩‍👩‍👧‍👦';
  for (const limit of [20, 21, 22, 23, 24, 25]) {
    for (const part of splitMessage(family.repeat(10), limit)) expect(part.replaceAll(family, '')).toBe('');
  }
});

test('nothing is lost, nothing is too long, whatever the text', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.constantFrom('\n', '\n\n', '```\n', '```js\n', '~~~\n', '. ', ' ', '👩‍💻', 'word '),
  );
  const text = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(text, fc.integer({ min: 60, max: 200 }), (whole, limit) => {
      const parts = splitMessage(whole, limit);
      for (const part of parts) {
        expect(part.length).toBeLessThanOrEqual(limit);
        expect(part.isWellFormed() || !whole.isWellFormed()).toBe(true);
      }
      // apart from white space at the cuts and the fences added there, the text is what it was
      const bare = (t: string) => t.replace(/[\s`~]/g, '').replaceAll('js', '');
      expect(bare(parts.join(''))).toBe(bare(whole));
    }),
    { numRuns: 500 },
  );
});
