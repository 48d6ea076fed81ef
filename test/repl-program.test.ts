/** The real program, `bin/babble.mjs`, with its shipped models and its store, in a pseudo-terminal. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keys, PtyProgram, type TerminalOptions } from './pty/terminal.ts';

const babble = fileURLToPath(new URL('../bin/babble.mjs', import.meta.url));
let home: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'babble-repl-'));
});

afterEach(() => rm(home, { recursive: true, force: true }));

/** `babble --engine bigram-count …` with the engine ready. */
async function start(args: readonly string[] = [], options: TerminalOptions = {}): Promise<PtyProgram> {
  const program = new PtyProgram(process.execPath, [babble, '--engine', 'bigram-count', ...args], {
    ...options,
    env: { BABBLE_HOME: home, ...options.env },
  });
  await program.waitFor('729 param');
  return program;
}

/** The lines of the conversation: the person's mark and what follows. */
const turns = (program: PtyProgram) => program.scrollback().filter((line) => /^› [a-z]+$/.test(line));

test('Enter gives a name; the engine changes; after a restart /load shows the same transcript', async () => {
  let held: string[];
  {
    await using program = await start(['--seed', '1337']);
    program.type(keys.enter);
    await program.waitUntil(() => turns(program).length === 1, 'a name');
    program.enter('/engine bigram-grad');
    await program.waitFor('bigram-count → bigram-grad');
    program.enter('jo');
    await program.waitUntil(() => turns(program).length === 2, 'a name that goes on from mine');
    program.enter('/save two names');
    await program.waitFor('Saved as "two names"');
    held = turns(program);
    expect(held).toEqual(['› myliena', expect.stringMatching(/^› jo[a-z]+$/)]);
    program.type(keys.ctrlD);
    expect(await program.exited).toBe(0);
  }
  await using program = await start();
  program.type(`/load tw${keys.tab}${keys.enter}`);
  await program.waitFor('two names, with bigram-grad');
  await program.waitUntil(() => turns(program).length === 2, 'the transcript');
  expect(turns(program)).toEqual(held);
});

test('--continue begins with the newest conversation', async () => {
  {
    await using program = await start();
    program.enter('em');
    await program.waitUntil(() => turns(program).length === 1, 'a name');
    program.enter('/exit');
    await program.exited;
  }
  await using program = await start(['--continue']);
  await program.waitUntil(() => turns(program).length === 1, 'the transcript');
});

test('--import begins with a conversation from a file', async () => {
  const file = path.join(home, 'talk.md');
  {
    await using program = await start();
    program.enter('em');
    await program.waitUntil(() => turns(program).length === 1, 'a name');
    program.enter(`/export ${file}`);
    await program.waitFor('2 messages written');
    program.enter('/exit');
    await program.exited;
  }
  await using program = await start(['--import', file]);
  await program.waitUntil(() => turns(program).length === 1, 'the transcript');
});

test('without a terminal: lines in, answers out, the rest on standard error', async () => {
  const child = spawn(process.execPath, [babble, 'chat', '--engine', 'bigram-count', '--seed', '1337'], {
    env: { ...process.env, BABBLE_HOME: home },
  });
  child.stdin.end('\n/engine bigram-grad\n\n');
  const [out, err, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise((resolve) => child.once('exit', resolve)),
  ]);
  expect(out).toMatch(/^[a-z]+\n[a-z]+\n$/);
  expect(err).toContain('bigram-count → bigram-grad');
  expect(code).toBe(0);
});

test.runIf(process.platform === 'linux')(
  'an engine process that dies is told, and the next message starts it again',
  async () => {
    await using program = await start(['--seed', '1337']);
    program.enter('em');
    await program.waitUntil(() => turns(program).length === 1, 'a name');
    const children = await readFile(`/proc/${program.pid}/task/${program.pid}/children`, 'utf8');
    for (const pid of children.trim().split(' ')) process.kill(Number(pid), 'SIGKILL');
    await program.waitFor('✗ ');
    program.type(keys.enter);
    await program.waitFor('› myliena');
  },
);

test('an unknown engine ends with exit code 2 and the terminal as it was', async () => {
  await using program = new PtyProgram(process.execPath, [babble, '--engine', 'nonsense'], {
    env: { BABBLE_HOME: home },
  });
  expect(await program.exited).toBe(2);
  expect(program.screen().join('\n')).toContain('No engine is called "nonsense"');
});

test('a first-time user finds engines, a comparison and probabilities by what the screen says', async () => {
  await using program = new PtyProgram(process.execPath, [babble], { env: { BABBLE_HOME: home } });
  await program.waitFor('8,762 parameters');
  // The greeting names the ways, and / lists them.
  for (const way of ['/engine switches', '/compare', '/probs', '/tour', 'press Enter', '/ shows what else'])
    expect(program.screen().join('\n')).toContain(way);
  program.type(keys.enter);
  await program.waitUntil(() => turns(program).length === 1, 'a name');

  const choose = async (command: string) => {
    program.type('/');
    await program.waitFor(`  ${command} `);
    const rows = program.screen();
    const first = rows.findIndex((row) => row.startsWith('  /help'));
    const place = rows.findIndex((row) => row.startsWith(`  ${command} `)) - first;
    program.type(keys.down.repeat(place + 1));
    await program.waitFor(`› ${command} `);
    program.type(keys.enter);
    await program.waitFor(new RegExp(`^› ${command} *$`, 'm'));
    program.type(keys.enter);
  };
  await choose('/engine');
  await program.waitFor('Engine:');
  program.type(`bigram-grad${keys.enter}`);
  await program.waitFor('mlp → bigram-grad');

  await choose('/compare');
  await program.waitFor('Compare (0 picked):');
  for (const picked of ['1', '2', '3']) {
    program.type(picked === '1' ? keys.enter : keys.down + keys.enter);
    await program.waitFor(`Compare (${picked} picked):`);
  }
  program.type(keys.enter);
  await program.waitFor('Go on from:');
  expect(program.scrollback().join('\n')).toMatch(/1 bigram-count +│ 2 bigram-grad +│ 3 mlp/);
  program.type(keys.enter);
  await program.waitFor('goes on from bigram-count’s answer');

  await choose('/probs');
  await program.waitFor(/Next token after "[a-z]*"/);
});

test.skipIf(process.platform !== 'linux')(
  'a model that does not fit is refused with what would; /engine --force goes on all the same',
  async () => {
    // The limit makes the system refuse such an amount everywhere.
    const command = ['-c', 'ulimit -v 60000000; exec "$@"', 'bash', process.execPath, babble];
    const huge = ['--load', 'contextLength=16777216', '--load', 'kvType=f32'];
    await using program = new PtyProgram('bash', [...command, '--engine', 'bigram-count', ...huge], {
      env: { BABBLE_HOME: home },
    });
    await program.waitFor('729 param');
    program.enter('/engine llama');
    await program.waitFor('are free');
    await program.waitFor('would fit with');
    program.enter('/engine llama --force');
    await program.waitFor('llama.cpp cannot load');
    program.enter('em');
    await program.waitUntil(() => turns(program).length === 1, 'a name from the engine before');
  },
);
