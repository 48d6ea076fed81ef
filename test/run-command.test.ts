/** `babble run` as scripts use it: the real command with pipes for streams. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StreamPart } from '../src/engines/engine.ts';
import { babble, babbleFile, ending, startBabble } from './command.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'babble-run-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const run = (args: readonly string[], input?: string) =>
  babble(['run', ...args], { home, ...(input === undefined ? {} : { input }) });
/** Names from pairs of letters: at once, and the same from the same seed. */
const names = ['--engine', 'bigram-count', '--seed', '1337'];

test('standard output holds the answer and nothing else', async () => {
  expect(await run(names)).toEqual({ code: 0, stdout: 'myliena\n', stderr: '' });
});

test('a prompt comes as arguments, from a file, from `-` and through a pipe, to the same end', async () => {
  const file = path.join(home, 'prompt.txt');
  await writeFile(file, 'em\n');
  const endings = await Promise.all([
    run([...names, 'em']),
    run([...names, '--file', file]),
    run([...names, '-'], 'em\n'),
    run(names, 'em\n'),
  ]);
  expect(endings[0]).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[a-z]+\n$/), stderr: '' });
  expect(endings[0]!.stdout).not.toBe('myliena\n');
  for (const other of endings.slice(1)) expect(other).toEqual(endings[0]);
});

test('several words are one prompt, with its spaces', async () => {
  const { stdout } = await run([
    ...['--engine', 'llama', '--load', 'threads=1', '--max-tokens', '1', '--json'],
    ...['To', 'be'],
  ]);
  // This model's tokens are characters.
  expect(JSON.parse(stdout).samples[0].usage).toMatchObject({ promptTokens: 'To be'.length });
});

test('--samples draws several, one a line', async () => {
  const { stdout } = await run([...names, '--samples', '10']);
  expect(stdout.split('\n')).toEqual([
    ...['myliena', 'r', 'a', 'ahi', 'grammian', 'n', 'xxonh', 'chaldeiniy', 'bler', 'jaranige'],
    '',
  ]);
});

test('--json is one object, --jsonl every part of the stream, of the same answers', async () => {
  const json = await run([...names, '--samples', '2', '--json']);
  const answer = JSON.parse(json.stdout);
  expect(answer).toMatchObject({
    engine: 'bigram-count',
    model: 'bigram-count',
    samples: [
      { text: 'myliena', reason: 'stop', seed: 1337, usage: { generatedTokens: 7 } },
      { text: 'r', reason: 'stop' },
    ],
  });
  const jsonl = await run([...names, '--samples', '2', '--jsonl']);
  const parts: StreamPart[] = jsonl.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const texts = ['', ''];
  for (const part of parts) if (part.type === 'text-delta') texts[part.sample] += part.text;
  expect(texts).toEqual(['myliena', 'r']);
  expect(parts.filter(({ type }) => type === 'finish')).toHaveLength(2);
  expect([json.stderr, jsonl.stderr]).toEqual(['', '']);
});

test('--probabilities tells the likeliest candidates at every token', async () => {
  const { stdout } = await run([...names, '--json', '--probabilities', '3']);
  const { candidates } = JSON.parse(stdout).samples[0];
  expect(candidates).toHaveLength('myliena'.length);
  for (const top of candidates) {
    const values: number[] = top.map(({ probability }: { probability: number }) => probability);
    expect(values).toHaveLength(3);
    expect(values).toEqual(values.toSorted((a, b) => b - a));
    expect(values.every((value) => value > 0 && value < 1)).toBe(true);
  }
  // How names begin, as counted: with a, then k, then m.
  expect(candidates[0].map(({ text }: { text: string }) => text)).toEqual(['a', 'k', 'm']);
});

describe('exit codes', () => {
  test.each([
    [['--sample', '3'], 'unknown option'],
    [['--engine', 'bigram'], 'No engine is called "bigram"'],
    [['--model', 'nobody'], 'No model is called "nobody"'],
    [['--engine', 'mlp', '--model', 'gpt'], 'runs on the engine gpt'],
    [['--engine', 'mlp', '--probabilities', '3'], '--json'],
    [['--engine', 'mlp', '漢'], '漢'],
    [['--engine', 'llama', '--load', 'nothing=1', 'x'], 'nothing'],
    [['--load', 'nothing'], 'name=value'],
    [['--engine', 'mlp', '--file', 'a.txt', 'b'], 'not both'],
  ])('2 for wrong usage: %j', async (args, said) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(said);
  });

  test('1 for a failure', async () => {
    const missing = path.join(home, 'missing.txt');
    expect(await run([...names, '--file', missing])).toEqual({
      code: 1,
      stdout: '',
      stderr: `babble: The prompt file ${missing} cannot be read.\n`,
    });
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('130 when %s interrupts it; what came stays', async (signal) => {
    const child = startBabble(['run', ...names, '--samples', '10000', '--jsonl'], { home });
    await once(child.stdout, 'readable');
    // Far more than a pipe holds: it is in the middle of it.
    child.kill(signal);
    const { code, stdout, stderr } = await ending(child);
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
    expect(JSON.parse(stdout.slice(0, stdout.indexOf('\n')))).toMatchObject({ type: 'text-delta' });
    expect(stdout).toContain('"reason":"abort"');
  });

  test('0, quietly, when the reader leaves in the middle', async () => {
    const child = startBabble(['run', ...names, '--samples', '10000', '--jsonl'], { home });
    await once(child.stdout, 'readable');
    child.stdout.destroy();
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

describe('memory', () => {
  const huge = ['--engine', 'llama', '--load', 'contextLength=16777216', '--load', 'kvType=f32'];

  test('what does not fit is refused with the numbers and what would', async () => {
    const { code, stdout, stderr } = await run([...huge, 'x']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /needs 309\.\d GB and .*(GB|MB) are free: weights .*KV cache \(16777216 tokens, f32\)/,
    );
    expect(stderr).toMatch(/would fit with [\s\S]*--force/);
    // The advice can be followed.
    const advised = /contextLength (\d+)/.exec(stderr)![1]!;
    expect(Number(advised)).toBeGreaterThan(255);
    const smaller = [
      '--load',
      'contextLength=64',
      '--load',
      'threads=1',
      '--max-tokens',
      '200',
      '--seed',
      '1',
      '--json',
    ];
    const answer = JSON.parse((await run(['--engine', 'llama', ...smaller, 'To be'])).stdout);
    expect(answer.samples[0]).toMatchObject({ reason: 'context' });
  });

  // The limit makes the system refuse such an amount everywhere; without it some grant it and end the process later.
  const limited = (...command: string[]) => {
    const script = 'ulimit -v 60000000; exec "$@"';
    const given = ['-c', script, 'bash', process.execPath, babbleFile, ...command];
    return spawn('bash', given, { env: { ...process.env, BABBLE_HOME: home, NO_COLOR: '1' } });
  };

  test.skipIf(process.platform !== 'linux')('--force goes on all the same', async () => {
    const child = limited('run', ...huge, '--force', 'x');
    child.stdin.end();
    const { code, stderr } = await ending(child);
    expect(code).toBe(1);
    expect(stderr).toContain('llama.cpp cannot load');
    expect(stderr).not.toContain('are free');
  });

  test.skipIf(process.platform !== 'linux')('and so in the chat, which has the same flags', async () => {
    const said = await Promise.all(
      [[], ['--force']].map(async (more) => {
        const child = limited('chat', ...huge, ...more);
        child.stdin.end('ROMEO:\n');
        return (await ending(child)).stderr;
      }),
    );
    expect(said[0]).toMatch(/are free[\s\S]*--force/);
    expect(said[1]).toContain('llama.cpp cannot load');
  });
});
