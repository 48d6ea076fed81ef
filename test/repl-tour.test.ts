/** The tour in the real program: training before the person's eyes, its place kept, back and away at any step. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sharedDataFolder } from '../src/paths.ts';
import { tourSteps } from '../src/repl/tour/steps.ts';
import { keys, PtyProgram } from './pty/terminal.ts';

const babble = fileURLToPath(new URL('../bin/babble.mjs', import.meta.url));
let home: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'babble-tour-'));
});

afterEach(() => rm(home, { recursive: true, force: true }));

async function start(): Promise<PtyProgram> {
  const program = new PtyProgram(process.execPath, [babble, '--engine', 'bigram-count'], {
    rows: 45,
    env: { BABBLE_HOME: home },
  });
  await program.waitFor('729 param');
  return program;
}

const shows = (program: PtyProgram, line: string | RegExp) =>
  program.scrollback().some((row) => (typeof line === 'string' ? row === line : line.test(row)));

test('walks on and back, is left and taken up where it was, in conversations of its own', async () => {
  {
    await using program = await start();
    program.enter('em');
    await program.waitFor(/› em[a-z]*\n/);
    program.enter('/tour');
    await program.waitFor('1 of 10  Counting');
    await program.waitFor('conversations of its own');
    await program.waitFor('Enter goes on to “Letter by letter”');
    await program.waitFor('middle 0.189');
    program.type(keys.enter);
    await program.waitFor('2 of 10  Letter by letter');
    await program.waitFor('Enter goes on to “The same table, learnt”');
    program.type('b');
    await program.waitUntil(
      () => program.scrollback().filter((row) => row === '1 of 10  Counting').length === 2,
      'the first step again',
    );
    await program.waitFor('Enter goes on to “Letter by letter”');
    program.type('q');
    await program.waitFor('The tour waits at step 1');
    program.enter('/tour 4');
    await program.waitFor('4 of 10  Three letters back');
    await program.waitFor('Enter goes on to “Temperature”');
    program.type(keys.escape);
    await program.waitFor('The tour waits at step 4');
    program.enter('/load em');
    await program.waitFor(/em[a-z]*, with bigram-count/);
    program.type(keys.ctrlD);
    expect(await program.exited).toBe(0);
  }
  await using program = await start();
  program.enter('/tour list');
  await program.waitFor('●  4  Three letters back');
  program.enter('/tour');
  await program.waitFor('4 of 10  Three letters back');
  expect(shows(program, /^1 of 10/)).toBe(false);
  await program.waitFor('Enter goes on');
  // Leaving the program ends the tour's wait too.
  program.kill('SIGTERM');
  expect(await program.exited).toBe(130);
});

test.skipIf(sharedDataFolder() === undefined)(
  'trains a bigram to the loss that the text promises, and talks to it (names.txt is not beside every checkout)',
  async () => {
    await using program = await start();
    program.enter('/tour 3');
    await program.waitFor('loss by step');
    await program.waitUntil(
      () => shows(program, /bigram-grad is trained: best step 1000, loss train/),
      'the end',
    );
    const said = /about (2\.\d+)/.exec(tourSteps[2]!.text.join(' '))![1]!;
    expect(program.scrollback().join(' ')).toContain(`loss train ${said}`);
    await program.waitUntil(() => shows(program, /bigram-count → bigram-grad/), 'the switch');
    await program.waitFor('Enter goes on to “Three letters back”');
    expect(program.screen().filter((row) => /^› [a-z]+$/.test(row))).toHaveLength(3);
  },
);

test('the last step leaves the person in a chat with llama, and forgets the place', async () => {
  await using program = await start();
  program.enter('/tour 10');
  await program.waitFor('10 of 10  Yours');
  await program.waitUntil(() => shows(program, '› KING:'), 'the answer');
  // By Esc, or before that by the longest answer.
  program.type(keys.escape);
  await program.waitFor('Stopped');
  await program.waitFor(/^llama/m);
  program.enter('/tour list');
  await program.waitFor('●  1  Counting');
});

test('every step is short, and its engine is one that ships', () => {
  for (const { text, title } of tourSteps) {
    expect(text.join(' ').split(' ').length).toBeLessThan(90);
    expect(title.length).toBeLessThan(30);
  }
});
