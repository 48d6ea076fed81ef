import xterm from '@xterm/headless';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Frame, Painter, type Reflow } from './painter.ts';

/** A painter on a real terminal emulator. */
class Screen {
  readonly terminal: InstanceType<typeof xterm.Terminal>;
  readonly painter: Painter;
  bytes = '';
  readonly #joins: boolean;

  constructor(columns: number, rows: number, reflow: Reflow = 'xterm.js') {
    // Without reflow this emulator only guesses which rows it wrapped.
    this.#joins = reflow !== 'none';
    this.terminal = new xterm.Terminal({
      cols: columns,
      rows,
      scrollback: 5000,
      allowProposedApi: true,
      // The one way to keep this emulator from flowing lines anew.
      windowsMode: reflow === 'none',
    });
    this.painter = new Painter(
      (bytes) => {
        this.bytes += bytes;
        this.terminal.write(bytes);
      },
      { columns, rows },
      reflow,
    );
  }

  settle(): Promise<void> {
    return new Promise((resolve) => this.terminal.write('', resolve));
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.settle();
    this.terminal.resize(columns, rows);
    this.painter.resize({ columns, rows });
  }

  /** Lines as a person would copy them: rows that the terminal wrapped are one line. */
  async lines(): Promise<string[]> {
    await this.settle();
    const lines: string[] = [];
    const buffer = this.terminal.buffer.active;
    for (let y = 0; y < buffer.length; y++) {
      const row = buffer.getLine(y)!;
      const text = row.translateToString(true, 0, this.terminal.cols);
      if (row.isWrapped && this.#joins) lines[lines.length - 1] += text;
      else lines.push(text);
    }
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }
}

const plain = (text: string) => ({ text, style: '' });
const prompt: Frame = { lines: ['', '> ', 'status'], cursor: { x: 2, y: 1 } };

test('text goes above the frame and is written once', async () => {
  const screen = new Screen(20, 8);
  screen.painter.setFrame(prompt);
  screen.painter.flush();
  screen.painter.append([plain('one two three four five six seven')]);
  screen.painter.flush();
  screen.painter.append([plain(' eight\nnine')]);
  screen.painter.flush();
  expect(await screen.lines()).toEqual([
    'one two three four five six seven eight',
    'nine',
    '',
    '> ',
    'status',
  ]);
  expect(screen.bytes.match(/three/g)).toHaveLength(1);
});

test('more text than the screen holds scrolls away whole', async () => {
  const screen = new Screen(30, 6);
  screen.painter.setFrame(prompt);
  const text = Array.from({ length: 50 }, (_, i) => `line ${i}`).join('\n');
  screen.painter.append([plain(text)]);
  screen.painter.flush();
  expect(await screen.lines()).toEqual([...text.split('\n'), '', '> ', 'status']);
});

test('a frame that did not change costs nothing, and a changed digit little', () => {
  const screen = new Screen(60, 10);
  screen.painter.setFrame({ lines: ['', '> hello', 'mlp 10 tokens/s'], cursor: { x: 7, y: 1 } });
  screen.painter.flush();
  screen.bytes = '';
  screen.painter.flush();
  expect(screen.bytes).toBe('');
  screen.painter.setFrame({ lines: ['', '> hello', 'mlp 12 tokens/s'], cursor: { x: 7, y: 1 } });
  screen.painter.flush();
  expect(screen.bytes).not.toContain('hello');
  expect(screen.bytes).not.toContain('mlp');
  expect(screen.bytes.length).toBeLessThan(60);
});

test('an image is drawn in rows of its own, below what was said, wherever the cursor is left by it', async () => {
  // An emulator without images: marks stand for them, at their top left and after a move of their own.
  const image = (mark: string) => `${mark}\x1b[3B\x1b[7C`;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.stringMatching(/^[a-z ]{0,50}\n?$/), fc.integer({ min: 1, max: 5 })), {
        maxLength: 6,
      }),
      async (parts) => {
        const screen = new Screen(20, 10);
        screen.painter.setFrame(prompt);
        screen.painter.flush();
        let expected = '';
        for (const [index, [text, rows]] of parts.entries()) {
          screen.painter.append([plain(text)]);
          screen.painter.drawImage(image(`#${index}`), rows);
          const gap = text.endsWith('\n') || text === '' ? '' : '\n';
          expected += `${text}${gap}#${index}${'\n'.repeat(rows)}`;
        }
        screen.painter.append([plain('end')]);
        screen.painter.flush();
        const lines = `${expected}end\n\n> \nstatus`.split('\n');
        expect((await screen.lines()).map((line) => line.trimEnd())).toEqual(
          lines.map((line) => line.trimEnd()),
        );
        const { cursorX, cursorY, baseY } = screen.terminal.buffer.active;
        expect([
          cursorX,
          screen.terminal.buffer.active.getLine(baseY + cursorY)?.translateToString(true),
        ]).toEqual([2, expect.stringMatching(/^> ?$/)]);
      },
    ),
  );
});

test('close leaves the transcript and nothing of the frame', async () => {
  const screen = new Screen(30, 6);
  screen.painter.setFrame(prompt);
  screen.painter.append([plain('answer')]);
  screen.painter.flush();
  screen.painter.close();
  expect(await screen.lines()).toEqual(['answer']);
  expect(screen.terminal.buffer.active.cursorX).toBe(0);
  expect(screen.terminal.buffer.active.cursorY).toBe(1);
});

type Step =
  | { type: 'append'; text: string }
  | { type: 'frame'; lines: string[]; y: number; x: number }
  | { type: 'resize'; columns: number; rows: number };

const agreed = fc.string({
  unit: fc.constantFrom('a', 'b', ' ', 'é', 'e\u0301', '漢', '字', '\n', 'x'.repeat(9), 'word '),
  maxLength: 40,
});
const anyText = fc.string({
  unit: fc.constantFrom('a', ' ', '漢', '👩‍💻', '🇫🇷', '❤️', '👍🏽', '\n', 'किं', 'xyz'.repeat(4)),
  maxLength: 40,
});

const shortLines = fc.constantFrom('a', 'word ', 'short line\n', '\n', '漢字\n');

const steps = (text: fc.Arbitrary<string>, resizes: boolean): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.oneof(
      { weight: 5, arbitrary: text.map((value): Step => ({ type: 'append', text: value })) },
      {
        weight: 3,
        arbitrary: fc
          .record({
            lines: fc.array(
              fc.constantFrom('', '> ', 'status', '\x1b[2mdim\x1b[22m text', '漢字', 'y'.repeat(30)),
              {
                minLength: 1,
                maxLength: 4,
              },
            ),
            y: fc.nat(3),
            x: fc.nat(25),
          })
          .map((value): Step => ({ type: 'frame', ...value, y: Math.min(value.y, value.lines.length - 1) })),
      },
      ...(resizes
        ? [
            {
              weight: 1,
              arbitrary: fc
                .record({ columns: fc.integer({ min: 18, max: 60 }), rows: fc.integer({ min: 9, max: 20 }) })
                .map((value): Step => ({ type: 'resize', ...value })),
            },
          ]
        : []),
    ),
    { maxLength: 25 },
  );

async function play(
  screen: Screen,
  list: readonly Step[],
): Promise<{ tape: string; frame: readonly string[] }> {
  let tape = '';
  let frame: readonly string[] = [''];
  for (const step of list) {
    if (step.type === 'append') {
      tape += step.text;
      screen.painter.append([plain(step.text)]);
    } else if (step.type === 'frame') {
      frame = step.lines;
      screen.painter.setFrame({ lines: step.lines, cursor: { x: step.x, y: step.y } });
    } else await screen.resize(step.columns, step.rows);
    screen.painter.flush();
  }
  return { tape, frame };
}

const unstyled = (line: string) => line.replaceAll(/\x1b\[[\d;]*m/g, '');

test('whatever happens, the scroll-back is the transcript', async () => {
  await fc.assert(
    fc.asyncProperty(steps(agreed, true), async (list) => {
      const screen = new Screen(30, 12);
      const { tape, frame } = await play(screen, list);
      const columns = screen.terminal.cols;
      const shown = frame.map((line) => unstyled(line).slice(0, columns));
      const expected = [...tape.split('\n'), ...shown];
      if (tape.endsWith('\n') || tape === '') expected.splice(tape.split('\n').length - 1, 1);
      while (expected.at(-1) === '') expected.pop();
      expect(await screen.lines()).toEqual(expected);
    }),
    { numRuns: 200 },
  );
});

test('a terminal that cuts lines off keeps them in their rows, and the frame once below them', async () => {
  await fc.assert(
    fc.asyncProperty(steps(shortLines, true), async (list) => {
      const screen = new Screen(30, 12, 'none');
      const { tape, frame } = await play(screen, list);
      // Longer lines would be cut for good, by the terminal.
      fc.pre(tape.split('\n').every((line) => line.length <= 18));
      const columns = screen.terminal.cols;
      // Of a row that it cut this emulator may leave blanks behind: nobody sees them.
      const seen = (lines: readonly string[]) => lines.map((line) => line.trimEnd());
      const expected = [...tape.split('\n'), ...frame.map((line) => unstyled(line).slice(0, columns))];
      if (tape.endsWith('\n') || tape === '') expected.splice(tape.split('\n').length - 1, 1);
      const shown = seen(await screen.lines());
      for (const lines of [expected, shown]) while (lines.at(-1)?.trimEnd() === '') lines.pop();
      expect(shown).toEqual(seen(expected));
    }),
    { numRuns: 200 },
  );
});

test('graphemes whose width terminals disagree on cannot put the rows out of step', async () => {
  await fc.assert(
    fc.asyncProperty(steps(anyText, false), async (list) => {
      // This emulator gives most of them other widths than we do.
      const screen = new Screen(30, 12);
      const { tape, frame } = await play(screen, list);
      const frameText = frame.map(unstyled).join('');
      const shown = (await screen.lines()).join('');
      if (!/[^\x20-\x7e\n\u6f22\u5b57]/.test(tape)) expect(shown).toBe(tape.replaceAll('\n', '') + frameText);
      expect(shown.replaceAll(/[^xyz]/g, '').length).toBe(
        (tape + frameText).replaceAll(/[^xyz]/g, '').length,
      );
    }),
    { numRuns: 200 },
  );
});
