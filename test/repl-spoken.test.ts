/** The screen-reader mode in a real pseudo-terminal: what is sent is text and nothing else. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildFixture } from './pty/build.ts';
import { keys, PtyProgram } from './pty/terminal.ts';

let script: string;

beforeAll(async () => {
  script = await buildFixture('spoken');
});

afterAll(() => rm(script, { force: true }));

/** Anything that moves, draws, colours or erases: controls but the line's end, which the terminal itself makes two. */
const control = /[^\P{Cc}\r\n]|\r(?!\n)/u;

/** What is typed before the program asks would be echoed before its question. */
const waitForQuestion = (program: PtyProgram, question: string, times: number) =>
  program.waitUntil(
    () => program.scrollback().filter((line) => line.startsWith(question)).length >= times,
    `"${question}", time ${times}`,
  );

test('a conversation is labelled lines: no cursor movement, no redraw, every state told once', async () => {
  await using program = new PtyProgram(process.execPath, [script], { columns: 100 });
  const asked = (times: number) => waitForQuestion(program, 'you:', times);
  await asked(1);
  program.enter('em');
  await asked(2);
  program.enter('/engine');
  await waitForQuestion(program, 'A number or a name', 1);
  program.enter('9');
  await waitForQuestion(program, 'A number or a name', 2);
  program.enter('2');
  await asked(3);
  program.enter('hello');
  await asked(4);
  program.enter('/nonsense');
  await asked(5);
  program.enter('/set temperature 0.5');
  await asked(6);
  program.enter('/show');
  await asked(7);
  program.enter('/exit');
  expect(await program.exited).toBe(0);
  expect(program.output).not.toMatch(control);
  expect(program.scrollback()).toEqual([
    'babble with names. /help lists the commands, /exit leaves.',
    'Write the beginning of a text and press Enter; the model goes on from it. Enter alone starts from nothing.',
    'warning: a warning',
    'you: em',
    'names is writing.',
    'names: ily',
    'you: /engine',
    'Engine, 3 to choose from:',
    expect.stringMatching(/^1: names, .*, chosen now$/),
    expect.stringMatching(/^2: chat, /),
    expect.stringMatching(/^3: endless, /),
    'A number or a name, or Enter alone to leave: 9',
    'Nothing there is called "9".',
    'A number or a name, or Enter alone to leave: 2',
    'names → chat: the conversation goes on.',
    'you: hello',
    'chat is writing.',
    'chat: One sentence. And **another** one.',
    'The end',
    'you: /nonsense',
    'error: There is no command /nonsense.',
    expect.stringContaining('/help lists'),
    'you: /set temperature 0.5',
    'temperature is 0.5. (0 takes the likeliest token every time)',
    'you: /show',
    'engine, chat',
    ...Array.from({ length: 7 }, () => expect.any(String)),
    'system prompt, none',
    '',
    'temperature, 0.5, (this conversation)',
    ...Array.from({ length: 12 }, () => expect.stringMatching(/^[a-z-]+, default$/)),
    'max-tokens, 1024, (default)',
    'stop, default',
    'you: /exit',
  ]);
});

test('Ctrl+C stops an answer; at rest it leaves when it comes twice', async () => {
  await using program = new PtyProgram(process.execPath, [script]);
  const asked = (times: number) => waitForQuestion(program, 'you:', times);
  await asked(1);
  program.enter('/engine endless');
  await asked(2);
  program.enter('go');
  await program.waitFor('endless: On it goes. On it goes.');
  program.type(keys.ctrlC);
  await program.waitFor('Stopped.');
  await asked(3);
  program.type(keys.ctrlC);
  await program.waitFor('Ctrl+C again leaves.');
  program.type(keys.ctrlC);
  expect(await program.exited).toBe(0);
  expect(program.output).not.toMatch(control);
});

test('the real program: a flag turns it on, and the conversation is kept as any other', async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'babble-spoken-'));
  try {
    const babble = fileURLToPath(new URL('../bin/babble.mjs', import.meta.url));
    const options = { env: { BABBLE_HOME: home } };
    {
      const args = [babble, '--screen-reader', '--engine', 'bigram-count', '--seed', '1337'];
      await using program = new PtyProgram(process.execPath, args, options);
      await program.waitFor('bigram-count is ready.');
      program.type(keys.enter);
      await program.waitFor('bigram-count: myliena');
      program.enter('/exit');
      expect(await program.exited).toBe(0);
      expect(program.output).not.toMatch(control);
    }
    const args = [babble, 'chat', '--continue'];
    const env = { ...options.env, BABBLE_SCREEN_READER: 'yes' };
    await using program = new PtyProgram(process.execPath, args, { ...options, env });
    await program.waitFor('bigram-count: myliena');
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
