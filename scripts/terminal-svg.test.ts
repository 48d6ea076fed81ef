import { expect, test } from 'vitest';
import { filmSvg, stillSvg } from './terminal-svg.ts';

const size = { columns: 30, rows: 4 };

/** The texts in a picture, row by row, with how far each stands from the left in columns. */
function texts(svg: string): (readonly [column: number, text: string])[] {
  return [...svg.matchAll(/<text x="([\d.]+)"[^>]*>([^<]*)<\/text>/g)].map(([, x, text]) => [
    Math.round(Number(x) / 8.4),
    text!,
  ]);
}

test('a still holds the text where it was, in its colours, and no figure of speed', async () => {
  const output = '\x1b[31mred\x1b[0m and <plain>\r\nmlp · 1,234 tokens/s · 9 p\r\n\x1b[48;2;1;2;3m  \x1b[0m';
  const svg = await stillSvg(output, size, 'a "title"');
  expect(texts(svg)).toEqual([
    [0, 'red'],
    [3, ' and &#60;plain&#62;'],
    [0, `mlp${' '.repeat(' · 1,234 tokens/s'.length)} · 9 p`],
  ]);
  expect(svg).toContain('fill="#e06c75"');
  expect(svg).toContain('fill="#010203"');
  expect(svg).toContain('aria-label="a &#34;title&#34;"');
});

test('a film shows each moment in turn, draws a row that stays only once, and ends on the last', async () => {
  const output = 'same\r\none\rtwo';
  // The cursor is drawn too: it stands on the second row all the time.
  const at = (text: string) => output.indexOf(text) + text.length;
  const moments = [
    { length: at('same\r\n'), ms: 100 },
    { length: at('one'), ms: 300 },
    { length: output.length, ms: 100 },
  ];
  const svg = await filmSvg(output, moments, size, 'film');
  expect(svg.match(/>same</g)).toHaveLength(1);
  const [, frames] = /class="film">\n([\s\S]*?)\n<\/g>/.exec(svg)!;
  expect(frames!.split('\n').map((frame) => frame.match(/<use/g)?.length)).toEqual([2, 2, 2]);
  for (const [, id] of svg.matchAll(/href="#(\w+)"/g)) expect(svg).toContain(`<g id="${id}">`);
  // 0.1 s, 0.3 s, and the last for 4 s; each picture is four rows of 18 high.
  expect(svg).toContain('film 4.4s step-end infinite');
  const steps = [...svg.matchAll(/([\d.]+)%\{transform:translateY\((-?\d+)px\)\}/g)];
  expect(steps.map(([, percent, y]) => [Number(percent), Number(y)])).toEqual([
    [0, 0],
    [2.273, -72],
    [9.091, -144],
    [100, -144],
  ]);
  expect(svg).toContain('prefers-reduced-motion');
});
