import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StopFilter } from './stop.ts';

/** Feeds tokens one by one; gives what was shown after each, and all tokens let out. */
function run(texts: readonly string[], stops: readonly string[]) {
  const filter = new StopFilter<{ text: string; id: number }>(stops);
  const shown: string[] = [];
  const ids: number[] = [];
  let stopped = false;
  for (const [id, text] of texts.entries()) {
    const released = filter.push({ text, id });
    shown.push(released.text);
    ids.push(...released.tokens.map((token) => token.id));
    stopped = released.stopped;
    if (stopped) break;
  }
  const rest = stopped ? { text: '', tokens: [] } : filter.flush();
  return {
    shown,
    text: shown.join('') + rest.text,
    ids: [...ids, ...rest.tokens.map(({ id }) => id)],
    stopped,
  };
}

describe('StopFilter', () => {
  it('holds back what may begin a stop string, until it is clear', () => {
    expect(run(['a', '<', 'e', 'x'], ['<end>'])).toMatchObject({
      shown: ['a', '', '', '<ex'],
      ids: [0, 1, 2, 3],
      stopped: false,
    });
    expect(run(['a', '<', 'end', '>b'], ['<end>'])).toMatchObject({ text: 'a', ids: [0], stopped: true });
  });

  it('shows what was held when the text ends', () => {
    expect(run(['a', '<en'], ['<end>'])).toMatchObject({ text: 'a<en', ids: [0, 1] });
  });

  it('cuts inside a token and lets that token out with its part', () => {
    expect(run(['ab\nUser', ': x'], ['\nUser:'])).toMatchObject({ text: 'ab', ids: [0], stopped: true });
  });

  it('takes the stop string that comes first', () => {
    expect(run(['abcd'], ['cd', 'bc'])).toMatchObject({ text: 'a', stopped: true });
  });

  it('refuses an empty stop string', () => {
    expect(() => new StopFilter([''])).toThrow(expect.objectContaining({ code: 'INVALID_SETTING' }));
  });

  it('of stop strings that contain one another takes the one that is complete first', () => {
    for (const texts of [['abcd'], ['a', 'b', 'c', 'd'], ['ab', 'cd'], ['abc', 'd']]) {
      expect(run(texts, ['abcd', 'bc'])).toMatchObject({ text: 'a', stopped: true });
      expect(run(texts, ['bcd', 'cd', 'd'])).toMatchObject({ text: 'a', stopped: true });
    }
  });

  it('has nothing left after a stop string', () => {
    const filter = new StopFilter(['b']);
    expect(filter.push({ text: 'abc' })).toMatchObject({ text: 'a', stopped: true });
    expect(filter.flush()).toEqual({ text: '', tokens: [], stopped: false });
  });

  it('cuts the same text at the same place, however it falls into tokens', () => {
    const ab = (minLength: number, maxLength: number) =>
      fc.array(fc.constantFrom('a', 'b'), { minLength, maxLength }).map((list) => list.join(''));
    fc.assert(
      fc.property(
        fc.array(ab(0, 4), { maxLength: 8 }),
        fc.array(ab(1, 5), { maxLength: 4 }),
        (texts, stops) => {
          // Read letter by letter: the first place where a stop string has just been completed.
          const text = texts.join('');
          const ends = [...text].map((_, i) => text.slice(0, i + 1));
          const seen = ends.find((read) => stops.some((stop) => read.endsWith(stop)));
          const longest = Math.max(
            ...stops.filter((stop) => seen?.endsWith(stop)).map(({ length }) => length),
          );
          const result = run(texts, stops);
          expect(result.stopped).toBe(seen !== undefined);
          expect(result.text).toBe(seen === undefined ? text : seen.slice(0, seen.length - longest));
          if (!result.stopped) expect(result.ids).toEqual([...texts.keys()]);
        },
      ),
      { numRuns: 500 },
    );
  });
});
