/** Windows drawn as images, in the real program before a terminal whose answers the test gives. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PtyProgram } from './pty/terminal.ts';

const babble = fileURLToPath(new URL('../bin/babble.mjs', import.meta.url));
const question = '\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[16t\x1b[c';
let home: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'babble-images-'));
});

afterEach(() => rm(home, { recursive: true, force: true }));

async function start(env: Readonly<Record<string, string>> = {}): Promise<PtyProgram> {
  const program = new PtyProgram(process.execPath, [babble, '--engine', 'bigram-count'], {
    rows: 30,
    answers: false,
    env: { BABBLE_HOME: home, TERM_PROGRAM: 'test', LC_TERMINAL: '', STY: '', ...env },
  });
  await program.waitFor('729 param');
  return program;
}

/** Asks for the heat map and answers the questions of the program. */
async function look(program: PtyProgram, answer: string): Promise<void> {
  expect(program.output).not.toContain(question);
  program.enter('/heatmap');
  await program.waitUntil(() => program.output.includes(question), 'the question');
  // In two reads, cut in the middle of an answer.
  program.type(answer.slice(0, 5));
  program.type(answer.slice(5));
}

/** The frame stands below the picture's rows and takes keys; nothing of the answers has become text. */
async function expectSound(program: PtyProgram): Promise<void> {
  program.type('typed');
  await program.waitFor('› typed');
  const lines = program.scrollback();
  expect(lines.filter((line) => line.includes('/heatmap'))).toEqual(['› /heatmap']);
  expect(lines.join('\n')).not.toMatch(/Gi=31|OK|62;/);
  expect(lines.join('\n')).not.toContain('middle 0.189');
  const from = lines.indexOf('› /heatmap');
  const frame = lines.indexOf('› typed');
  expect(lines.slice(from + 1, frame).every((line) => line === '')).toBe(true);
  expect(frame - from).toBeGreaterThan(8);
}

test('Kitty: a PNG in chunks, with its columns and rows, silently', async () => {
  await using program = await start();
  await look(program, '\x1b_Gi=31;OK\x1b\\\x1b[6;20;10t\x1b[?62;c');
  await program.waitUntil(() => /\x1b_Gm=0;[^\x1b]*\x1b\\/.test(program.output), 'the last chunk');
  const chunks = [...program.output.matchAll(/\x1b_G([^;]*,m=1|m=[01]);([^\x1b]*)\x1b\\/g)];
  expect(chunks[0]![1]).toMatch(/^a=T,f=100,q=2,C=1,c=\d+,r=\d+,m=1$/);
  for (const [, , data] of chunks) expect(data!.length).toBeLessThanOrEqual(4096);
  const png = Buffer.from(chunks.map(([, , data]) => data).join(''), 'base64');
  expect(png.toString('latin1', 1, 4)).toBe('PNG');
  expect(png.toString('latin1').endsWith('IEND\xae\x42\x60\x82')).toBe(true);
  await expectSound(program);
  // Asked once: the second window needs no answer.
  const sent = program.output.length;
  program.type('\x15/topology\r');
  await program.waitUntil(() => /\x1b_Gm=0;/.test(program.output.slice(sent)), 'another image');
  expect(program.output.slice(sent)).not.toContain(question);
});

test('iTerm2: one file with its size', async () => {
  await using program = await start({ TERM_PROGRAM: 'iTerm.app' });
  await look(program, '\x1b[?62;4c');
  const file =
    /\x1b\]1337;File=inline=1;size=(\d+);width=\d+;height=\d+;preserveAspectRatio=1;doNotMoveCursor=1:([^\x07]*)\x07/;
  await program.waitUntil(() => file.test(program.output), 'the file');
  const [, size, data] = file.exec(program.output)!;
  expect(Buffer.from(data!, 'base64')).toHaveLength(Number(size));
  await expectSound(program);
});

test('Sixel: pixels that fit the cells', async () => {
  await using program = await start();
  await look(program, '\x1b[6;20;10t\x1b[?62;4;6c');
  const sixel = /\x1bP0;1;0q"1;1;(\d+);(\d+)[^\x1b]*\x1b\\/;
  await program.waitUntil(() => sixel.test(program.output), 'the sixels');
  const [, width, height] = sixel.exec(program.output)!;
  expect(Number(width)).toBeLessThanOrEqual(800);
  expect(Number(height)).toBeLessThanOrEqual(26 * 20);
  await expectSound(program);
});

test('a terminal without images gets blocks, and is not asked again', async () => {
  await using program = await start();
  await look(program, '\x1b[?1;2c');
  await program.waitFor('middle 0.189');
  const sent = program.output.length;
  program.enter('/probs');
  await program.waitFor('First token');
  expect(program.output.slice(sent)).not.toContain('\x1b_G');
});

test.each([
  ['inside tmux', { TMUX: '/tmp/tmux-1/default,1,0' }],
  ['with images turned off', { BABBLE_IMAGES: 'off' }],
  ['without colours', { NO_COLOR: '1' }],
])('%s nothing is asked, and there are blocks', async (_, env) => {
  await using program = await start(env);
  program.enter('/heatmap');
  await program.waitFor('middle 0.189');
  expect(program.output).not.toMatch(/\x1b_G|\x1b\[c|\x1b\[16t|\x1b\]1337|\x1bP/);
});

test('babble inspect draws images too, and gives the terminal back', async () => {
  const args = [babble, 'inspect', 'heatmap', '--engine', 'bigram-count'];
  await using program = new PtyProgram(process.execPath, args, {
    answers: false,
    env: { BABBLE_HOME: home, TERM_PROGRAM: 'test', LC_TERMINAL: '', STY: '' },
  });
  await program.waitUntil(() => program.output.includes(question), 'the question');
  program.type('\x1b_Gi=31;OK\x1b\\\x1b[6;20;10t\x1b[?62;c');
  expect(await program.exited).toBe(0);
  const [, rows] = /\x1b_Ga=T,f=100,q=2,C=1,c=\d+,r=(\d+),m=1;/.exec(program.output)!;
  expect(Number(rows)).toBeLessThanOrEqual(22);
  // What comes next stands below the picture.
  expect(program.cursor()).toEqual({ x: 0, y: Number(rows) });
  expect(program.scrollback().join('')).toBe('');
});
