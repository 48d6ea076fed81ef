/** Training behind the conversation, in the real program and a pseudo-terminal: /train, /finetune, /engine <run>. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keys, PtyProgram } from './pty/terminal.ts';

const babble = fileURLToPath(new URL('../bin/babble.mjs', import.meta.url));
let home: string;
let names: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'babble-repl-training-'));
  names = path.join(home, 'elves.txt');
  const [parts, ends] = [
    ['star', 'moon', 'frost', 'ember', 'wind', 'silver', 'thorn', 'briar'],
    ['fall', 'song', 'light', 'heart', 'wing', 'wood', 'stone', 'mist'],
  ];
  await writeFile(names, parts!.flatMap((part) => ends!.map((end) => part + end)).join('\n'));
});

afterEach(() => rm(home, { recursive: true, force: true }));

async function start(): Promise<PtyProgram> {
  const program = new PtyProgram(process.execPath, [babble, '--engine', 'bigram-count', '--seed', '2'], {
    env: { BABBLE_HOME: home },
    columns: 110,
    rows: 30,
  });
  await program.waitFor('729 param');
  return program;
}

/** All that was told, a wrapped line as one. */
const told = (program: PtyProgram) => program.scrollback().join(' ').replaceAll(/\s+/g, ' ');

/** Names in the conversation. */
const written = (program: PtyProgram) =>
  program.scrollback().filter((line) => /^› [a-z]+$/.test(line)).length;

test('a model trains behind the conversation, is talked to meanwhile, stopped, and gone on with', async () => {
  await using program = await start();
  // As long as this test could take: it ends by /train stop.
  program.enter(`/train mlp --minutes 60 --data ${names} patience=0`);
  await program.waitFor('loss by step');
  await program.waitFor(/step \d.*tokens\/s.* left/);
  await program.waitFor(/training mlp \d+%/);
  const [run] = await readdir(path.join(home, 'data', 'runs'));
  // The conversation goes on.
  program.type(keys.enter);
  await program.waitUntil(() => written(program) === 1, 'a name');
  // The curve closes and opens.
  program.enter('/train chart');
  await program.waitUntil(() => !program.screen().join('\n').includes('loss by step'), 'the chart to close');
  program.enter('/train chart');
  await program.waitFor('loss by step');
  // The model as it is now.
  program.enter(`/engine ${run}`);
  await program.waitFor('bigram-count → mlp');
  expect(told(program)).toMatch(/as it is at step \d+:/);
  program.type(keys.enter);
  await program.waitUntil(() => written(program) === 2, 'a name by the model in training');
  program.enter('/train mlp');
  await program.waitFor('is being trained already');
  program.enter('/train stop');
  await program.waitFor('Training stopped at step');
  await program.waitUntil(() => !program.screen().join('\n').includes('loss by step'), 'the chart to close');
  program.enter('/train resume');
  await program.waitUntil(() => /Training stopped.*training mlp/s.test(told(program)), 'the run to go on');
  // Leaving stops it after a checkpoint.
  program.type(keys.ctrlD);
  expect(await program.exited).toBe(0);
  expect(told(program)).toContain(`babble train --resume ${run}`);
  expect(await readdir(path.join(home, 'data', 'runs', run!))).toContain('checkpoint.safetensors');
});

test('a model of one’s own names stands in the menu as soon as it is trained', async () => {
  await using program = await start();
  program.enter(`/finetune bigram-grad --on ${names} --steps 20`);
  await program.waitUntil(() => told(program).includes('bigram-grad-elves is trained'), 'the end');
  program.enter('/engine');
  await program.waitFor('↑↓ choose');
  program.type('elves');
  await program.waitFor('bigram-grad bigram-grad-elves');
  program.type(keys.enter);
  await program.waitFor('bigram-count → bigram-grad');
});

test('unknown characters are told, and what to do about them is chosen from a menu', async () => {
  await writeFile(names, `José\nAnna\n${'bob\neve\n'.repeat(20)}`);
  await using program = await start();
  program.enter(`/finetune bigram-grad --on ${names} --steps 5`);
  await program.waitFor('What about them?');
  expect(told(program)).toContain('does not know 3 characters');
  program.type(keys.escape);
  await program.waitFor('Nothing was begun.');
  program.enter(`/finetune bigram-grad --on ${names} --steps 5`);
  await program.waitUntil(() => told(program).split('does not know').length === 3, 'the question again');
  await program.waitFor('What about them?');
  program.type(`replace${keys.enter}`);
  await program.waitUntil(() => told(program).includes('bigram-grad-elves is trained'), 'the end');
});

test('mistakes are told with what would be right', async () => {
  await using program = await start();
  program.enter('/train nonsense');
  await program.waitFor('No model called "nonsense" can be trained');
  program.enter('/train mlp --stepz 3');
  await program.waitFor('There is no --stepz here.');
  program.enter('/finetune gpt');
  await program.waitFor('/finetune needs a model and a text.');
  program.enter('/train stop');
  await program.waitFor('Nothing is being trained.');
});
