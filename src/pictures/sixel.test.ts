import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toSixel } from './sixel.ts';

/** Reads Sixel graphics by the manual, character by character, into colours in percent. */
function decode(sequence: string): { width: number; height: number; pixels: (string | undefined)[] } {
  const body = /^\x1bP[\d;]*q([\s\S]*)\x1b\\$/.exec(sequence)![1]!;
  const [, , , width = 0, height = 0] = /^"(\d+);(\d+);(\d+);(\d+)/.exec(body)!.map(Number);
  const pixels = new Array<string | undefined>(width * height);
  const palette = new Map<number, string>();
  let [x, top, colour] = [0, 0, 0];
  const token = /"[\d;]+|#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)([?-~])|([?-~])|(\$)|(-)/g;
  let read = 0;
  for (const match of body.matchAll(token)) {
    expect(match.index).toBe(read);
    read += match[0].length;
    const [, number, r, g, b, count, repeated, single, isReturn, isNextBand] = match;
    if (r !== undefined) palette.set(Number(number), `${r} ${g} ${b}`);
    else if (number !== undefined) colour = Number(number);
    else if (isReturn) x = 0;
    else if (isNextBand) [x, top] = [0, top + 6];
    const sixel = repeated ?? single;
    if (sixel === undefined) continue;
    for (let i = 0; i < Number(count ?? 1); i++, x++)
      for (let bit = 0; bit < 6; bit++)
        if ((sixel.charCodeAt(0) - 63) & (1 << bit)) {
          expect(x < width && top + bit < height).toBe(true);
          pixels[(top + bit) * width + x] = palette.get(colour);
        }
  }
  expect(read).toBe(body.length);
  return { width, height, pixels };
}

const percent = (value: number) => Math.round((value / 255) * 100);

test('colours of the palette come out as they went in, whatever the size', () => {
  const level = fc.constantFrom(0, 51, 102, 153, 204, 255);
  const image = fc
    .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 14 }))
    .chain(([width, height]) =>
      fc
        .array(fc.tuple(level, level, level), { minLength: width * height, maxLength: width * height })
        .map((colours) => ({ width, height, colours })),
    );
  fc.assert(
    fc.property(image, ({ width, height, colours }) => {
      const rgba = Uint8Array.from(colours.flatMap((colour) => [...colour, 255]));
      const decoded = decode(toSixel({ width, height, rgba }));
      expect(decoded).toEqual({
        width,
        height,
        pixels: colours.map((colour) => colour.map(percent).join(' ')),
      });
    }),
  );
});

test('any colour comes out near, and long runs are short', () => {
  fc.assert(
    fc.property(fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)), (colour) => {
      const rgba = Uint8Array.from({ length: 100 * 4 }, (_, i) => [...colour, 255][i % 4]!);
      const sixel = toSixel({ width: 100, height: 1, rgba });
      expect(sixel.length).toBeLessThan(60);
      const parts = decode(sixel).pixels[50]!.split(' ').map(Number);
      for (const [i, part] of parts.entries()) expect(Math.abs(part - percent(colour[i]!))).toBeLessThan(12);
    }),
  );
});
