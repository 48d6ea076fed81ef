/** Answers under the person's eyes, in the real program: live bars, tokens chosen by hand, colour by surprise. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { shippedModels } from '../src/paths.ts';
import { keys, PtyProgram, type TerminalOptions } from './pty/terminal.ts';

const babble = fileURLToPath(new URL('../bin/babble.mjs', import.meta.url));
let home: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'babble-watch-'));
});

afterEach(() => rm(home, { recursive: true, force: true }));

async function start(options: TerminalOptions = {}): Promise<PtyProgram> {
  const args = [babble, '--engine', 'bigram-count', '--seed', '1337'];
  const program = new PtyProgram(process.execPath, args, {
    ...options,
    env: { BABBLE_HOME: home, COLORTERM: 'truecolor', ...options.env },
  });
  await program.waitFor('729 param');
  return program;
}

/** What the bars should say of each letter of a name: its share of the row of counts of the letter before. */
function likelihoods(name: string): string[] {
  const bytes = readFileSync(path.join(shippedModels, 'bigram-count', 'weights.safetensors'));
  const data = 8 + Number(bytes.readBigUInt64LE(0));
  const count = (row: number, column: number) => bytes.readFloatLE(data + 4 * (row * 27 + column));
  return Array.from(name, (letter, at) => {
    const row = at === 0 ? 0 : name.charCodeAt(at - 1) - 96;
    const total = Array.from({ length: 27 }, (_, column) => count(row, column)).reduce((a, b) => a + b);
    const share = count(row, letter.charCodeAt(0) - 96) / total;
    return `drawn: ${letter}, ${(share * 100).toFixed(1)} %`;
  });
}

/** The row of the editor and of the status line, by which one sees whether the frame keeps its height. */
function frameRows(program: PtyProgram): number[] {
  const rows = program.screen();
  return [
    rows.findIndex((row) => row.startsWith('› Begin')),
    rows.findIndex((row) => row.includes('729 param')),
  ];
}

test('/probs live shows every step as bars in a frame that keeps its height, and goes again', async () => {
  await using program = await start();
  program.enter('/probs live 10');
  await program.waitFor('What may come next');
  const steps: string[] = [];
  const heights = new Set<string>();
  const look = () => {
    const rows = program.screen();
    const drawn = rows.find((row) => row.startsWith('drawn: '));
    if (drawn && drawn !== steps.at(-1)) steps.push(drawn);
    const [editor = -1, status = -1] = frameRows(program);
    const above = rows.findIndex((row) => /^(drawn: |What may)/.test(row));
    // While a frame is on its way in, its rows may not all be there.
    if (editor > 0 && status > 0 && above > 0) heights.add(`${editor - above} ${status - editor}`);
    return rows.some((row) => row === '› myliena') && drawn?.startsWith('drawn: a') === true;
  };
  program.type(keys.enter);
  await program.waitUntil(look, 'the name with its last letter');
  // Each letter as likely as its row of counts says. A busy machine may skip a step, but never tells a wrong one.
  const expected = likelihoods('myliena');
  expect(steps.length).toBeGreaterThan(1);
  expect(expected.filter((step) => steps.includes(step))).toEqual(steps);
  expect([...heights]).toEqual(['7 1']);
  expect(program.screen().find((row) => row.startsWith('›   a'))).toMatch(/^› {3}a +\d+\.\d % █/);
  program.enter('/probs live');
  await program.waitFor('The bars are gone.');
  await program.waitUntil(() => !program.screen().some((row) => row.startsWith('drawn: ')), 'no bars');
  expect(program.scrollback().filter((line) => line === '› myliena')).toHaveLength(1);
  expect(program.scrollback().some((line) => line.includes('█'))).toBe(false);
  expect(program.output).not.toMatch(/\x1b\[[23]J/);
});

test('/probs step: letters, numbers and arrows choose; Tab draws; Esc keeps the text in the conversation', async () => {
  await using program = await start();
  program.enter('/probs step');
  await program.waitFor('Tab draws');
  await program.waitFor('… 1–9 of 27');
  program.type('z');
  await program.waitFor(/› {3} +z +2\.9 %/);
  program.type(keys.enter);
  await program.waitUntil(() => program.screen().includes('› z'), 'the letter in the answer');
  // The second likeliest after a z is an e.
  program.type(`2${keys.enter}`);
  await program.waitUntil(() => program.screen().includes('› ze'), 'a second letter');
  // Keys that come before the next candidates are not lost.
  program.type(`${keys.down}${keys.down}${keys.up}${keys.enter}${keys.tab}`);
  const drawn = /^› zel[a-z]$/;
  await program.waitUntil(() => program.screen().some((row) => drawn.test(row)), 'four letters');
  const name = program
    .screen()
    .find((row) => drawn.test(row))!
    .slice(2);
  program.type(keys.escape);
  await program.waitFor('Begin a text');
  expect(program.screen().some((row) => row.includes('1–9 of'))).toBe(false);
  program.enter('/probs');
  await program.waitFor(`Next token after "${name}"`);
  // Taken up again, it goes on from there.
  program.enter('/probs step');
  await program.waitFor('Tab draws');
  await program.waitFor('… 1–9 of 27');
  for (let moves = 0; moves < 27; moves++) {
    if (program.screen().some((row) => /^› . +end /.test(row))) break;
    const before = program.output.length;
    program.type(keys.down);
    await program.waitUntil(() => program.output.length > before);
  }
  program.type(keys.enter);
  await program.waitFor('Begin a text');
  expect(program.scrollback().filter((line) => line === `› ${name}`)).toHaveLength(1);
});

test('/surprise on colours letters by their NLL as they come, and tells the colours once', async () => {
  await using program = await start();
  program.enter('/surprise on');
  await program.waitFor('or more (negative log');
  program.enter('/surprise off');
  await program.waitFor('plain again');
  program.enter('/surprise on');
  await program.waitUntil(
    () => program.screen().filter((row) => row.includes('/surprise off ends')).length === 2,
  );
  expect(program.scrollback().filter((line) => line.includes('in nats'))).toHaveLength(1);
  program.type(keys.enter);
  await program.waitFor('› myliena');
  // m begins 2,538 of 32,033 names: 2.5 nats, coloured as 3; after a y an l: 2.4 nats, as 2.
  const styled = (nats: number) => {
    const legend = program.output.slice(program.output.indexOf('in nats'));
    return new RegExp(`((?:\\x1b\\[[34]8;2;[\\d;]+m)+) ${nats} `).exec(legend)![1]!;
  };
  expect(program.output).toContain(`${styled(3)}m`);
  program.enter('/surprise emma');
  await program.waitFor('nats a token on average');
});

test('/surprise without colours names what was least expected', async () => {
  await using program = await start({ env: { NO_COLOR: '1' } });
  program.enter('/surprise on');
  await program.waitFor('no colours');
  program.type(keys.enter);
  await program.waitFor(/Surprise in nats: \d\.\d\d a token; most [a-z] \d\.\d/);
  expect(program.output).not.toMatch(/\x1b\[[34]8;/);
});
