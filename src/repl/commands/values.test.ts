import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitValues, writeValue } from './values.ts';

const names = ['text', 'language'];

test.each([
  ['', {}],
  ['text=a b\nc language=Old French', { text: 'a b\nc', language: 'Old French' }],
  ['text=x = 1 and y=2', { text: 'x = 1 and y=2' }],
  ['text="say language=x" language=', { text: 'say language=x', language: '' }],
  ['text="Hello" she said', { text: '"Hello" she said' }],
  ['text="a\\nb"', { text: 'a\nb' }],
  ['colour=red', undefined],
  ['text="x" colour=red', { text: '"x" colour=red' }],
])('%j', (text, expected) => {
  expect(splitValues(text, names)).toEqual(expected);
});

test('what is written is read back', () => {
  const value = fc.oneof(fc.string(), fc.constantFrom('a language=b', '"x"', ' y ', 'l\nl', 'text=', '\\'));
  fc.assert(
    fc.property(value, value, (text, language) => {
      const written = `${writeValue('text', text)} ${writeValue('language', language)}`;
      expect(splitValues(written, names)).toEqual({ text, language });
    }),
  );
});
