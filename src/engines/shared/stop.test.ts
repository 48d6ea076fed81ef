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

  it('shows just the text before the first stop string, however the text is cut into tokens', () => {
    const letters = fc.array(fc.constantFrom('a', 'b'), { maxLength: 3 }).map((list) => list.join(''));
    const stop = fc
      .array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 4 })
      .map((list) => list.join(''));
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 8 }), fc.array(stop, { maxLength: 3 }), (texts, stops) => {
        // A stop string is seen as soon as its last letter is there: of those that end first, the longest.
        const ends = (end: number) =>
          stops.filter((candidate) => texts.join('').slice(0, end).endsWith(candidate));
        const tokenEnds = texts.map((_, i) => texts.slice(0, i + 1).join('').length);
        const seenAt = tokenEnds.find((end) =>
          stops.some((candidate) => texts.join('').slice(0, end).includes(candidate)),
        );
        const visible = texts.join('').slice(0, seenAt);
        const cut = Math.min(
          ...stops.map((candidate) => visible.indexOf(candidate)).filter((index) => index >= 0),
        );
        const result = run(texts, stops);
        expect(result.stopped).toBe(seenAt !== undefined);
        expect(result.text).toBe(seenAt === undefined ? texts.join('') : visible.slice(0, cut));
        expect(ends(result.text.length)).toEqual([]);
        if (!result.stopped) expect(result.ids).toEqual([...texts.keys()]);
      }),
    );
  });
});
