import { describe, expect, it } from 'vitest';
import { CharTokenizer } from './char-tokenizer.ts';

const names = new CharTokenizer([...'.abcdefghijklmnopqrstuvwxyz']);

describe('CharTokenizer', () => {
  it('takes characters it knows as they are, others in lower case and without accents', () => {
    expect(names.encode('emma')).toEqual([5, 13, 13, 1]);
    expect(names.encode('Zoë')).toEqual([26, 15, 5]);
    expect(names.encode('e\u0308')).toEqual([5]);
    expect(new CharTokenizer(['a', 'A']).encode('Aa')).toEqual([1, 0]);
    expect(names.encode('')).toEqual([]);
  });

  it('keeps characters of two code units whole', () => {
    expect(new CharTokenizer(['🙂', 'x']).encode('x🙂')).toEqual([1, 0]);
  });

  it('names each unknown character once', () => {
    expect(() => names.encode('a 1 1\n')).toThrow(
      expect.objectContaining({
        code: 'TEXT_UNKNOWN_CHARACTERS',
        message: 'The model does not know the characters " " "1" "\\n".',
      }),
    );
  });
});
