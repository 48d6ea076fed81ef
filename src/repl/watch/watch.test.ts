import { expect, test } from 'vitest';
import type { TokenProbability } from '../../engines/engine.ts';
import type { Panel } from '../panel.ts';
import { width } from '../terminal/cells.ts';
import { plainTheme } from '../theme.ts';
import { LiveBars } from './live-bars.ts';
import { SurpriseStyler } from './surprise-styler.ts';
import { TokenPicker } from './token-picker.ts';

const token = (
  text: string,
  probability: number,
  more: Partial<TokenProbability> = {},
): TokenProbability => ({
  tokenId: text.charCodeAt(0) || 0,
  text,
  probability,
  ...more,
});
const key = (name: string, ctrl = false) => ({ type: 'key', name, ctrl, alt: false, shift: false }) as const;
const letters = [token('e', 0.5), token('E', 0.2), token(' the', 0.2), token('.', 0.1, { ends: true })];

/** A picker, what it shows, and how a person's keys answer it. */
function pick() {
  let panel: Panel | undefined;
  let stops = 0;
  const picker = new TokenPicker(
    () => plainTheme,
    (shown) => {
      panel = shown;
    },
    () => {
      stops++;
    },
  );
  const stop = new AbortController();
  return {
    ask: (candidates = letters) => picker.choose(candidates, stop.signal),
    press: (...keys: (string | ReturnType<typeof key>)[]) => {
      for (const pressed of keys)
        panel!.onKey!(typeof pressed === 'string' ? { type: 'text', text: pressed } : pressed);
    },
    rows: (most = 20, columns = 60) => [...panel!.rows({ columns, most })],
    stop,
    open: () => picker.open(),
    stops: () => stops,
  };
}

test('the picker offers by rank, and keeps its height', async () => {
  const { ask, press, rows } = pick();
  const choice = ask();
  expect(rows().slice(0, 5)).toEqual([
    expect.stringMatching(/^› 1 +e +50\.0 % █+▌?$/),
    expect.stringMatching(/^ {2}2 +E +20\.0 % █+/),
    expect.stringMatching(/^ {2}3 +␣the +20\.0 % █+/),
    expect.stringMatching(/^ {2}4 +end +10\.0 % █+/),
    '',
  ]);
  expect(rows()).toHaveLength(10);
  expect(rows(5)).toHaveLength(5);
  for (const row of rows(9, 30)) expect(width(row)).toBeLessThan(30);
  press(key('down'), key('enter'));
  expect(await choice).toEqual({ type: 'take', token: letters[1] });
});

test.each([
  [['E', key('enter')], 'E'],
  [['th', key('enter')], ' the'],
  [['4', key('enter')], '.'],
  // What ends the text is not typed by its sign, and what is unknown moves nothing.
  [['.', key('enter')], 'e'],
  [['thx', key('enter')], ' the'],
])('%j chooses %s', async (keys, text) => {
  const { ask, press } = pick();
  const choice = ask();
  press(...keys);
  expect(await choice).toMatchObject({ type: 'take', token: { text } });
});

test('Tab draws; Esc, Ctrl+C and a stop leave; keys that came too early count for the next token', async () => {
  const { ask, press, stop } = pick();
  const first = ask();
  press(key('tab'), '2', key('enter'));
  expect(await first).toEqual({ type: 'draw' });
  expect(await ask()).toMatchObject({ type: 'take', token: { text: 'E' } });
  for (const leaving of [key('escape'), key('c', true)]) {
    const left = ask();
    press(leaving);
    expect(await left).toEqual({ type: 'leave' });
  }
  const stopped = ask();
  stop.abort();
  expect(await stopped).toEqual({ type: 'leave' });
  expect(await ask()).toEqual({ type: 'leave' });
});

test('from the start it has the keys: Esc stops what has not begun', () => {
  const { open, press, rows, stops } = pick();
  open();
  expect(rows()).toHaveLength(10);
  expect(rows()[0]).toContain('The model is at it');
  press('z', key('escape'));
  expect(stops()).toBe(1);
});

test('bars show what was drawn last, in as many rows each time', () => {
  let panel: Panel | undefined;
  const bars = new LiveBars(
    () => plainTheme,
    (shown) => {
      panel = shown;
    },
  );
  bars.draw();
  const rows = () => [...panel!.rows({ columns: 60, most: 20 })];
  expect(rows()).toHaveLength(7);
  bars.add({
    type: 'text-delta',
    sample: 0,
    text: 'eE',
    tokenIds: [1, 2],
    chosen: [letters[0]!, letters[1]!],
    candidates: [[token('x', 1)], letters],
  });
  bars.draw();
  expect(rows()).toHaveLength(7);
  expect(rows()[0]).toBe('drawn: E, 20.0 %');
  expect(rows()[2]).toMatch(/^› +E +20\.0 %/);
  expect(panel!.rows({ columns: 60, most: 3 })).toHaveLength(3);
  expect(panel!.rows({ columns: 60, most: 1 })).toEqual([]);
});

/** Pushes tokens and the text that came of them; gives each character with its NLL as the style. */
function style(parts: readonly (readonly [text: string, chosen: readonly TokenProbability[]])[]): string {
  const styler = new SurpriseStyler((nll) => `<${nll.toFixed(1)}>`);
  return parts
    .flatMap(([text, chosen]) => styler.push(text, { chosen }))
    .map(({ text, style: looks }) => `${looks}${text}`)
    .join('');
}

test('each token gets the style of its NLL, over part borders too', () => {
  const likely = (text: string) => token(text, 1);
  const unlikely = (text: string) => token(text, Math.exp(-3));
  expect(style([['abc', [likely('ab'), unlikely('c')]]])).toBe('<0.0>ab<3.0>c');
  // A stop string may begin with a text: its tokens come first, the text later.
  expect(
    style([
      ['a', [likely('a'), unlikely('bc')]],
      ['bcd', [likely('d')]],
    ]),
  ).toBe('<0.0>a<3.0>bc<0.0>d');
  // What is not shown of a token (an escape character) is passed over.
  expect(style([['a[b', [likely('a'), unlikely('\x1b['), likely('b')]]])).toBe('<0.0>a<3.0>[<0.0>b');
  // A line end has no colour, or the terminal would fill the row with it.
  expect(style([['x\ny', [unlikely('x\ny')]]])).toBe('<3.0>x\n<3.0>y');
});
