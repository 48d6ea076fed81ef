/** The terminal front end in a real pseudo-terminal, over engines in memory that write what we expect. */

import { expect, test } from 'vitest';
import { sittings } from './pty/sitting.ts';
import { keys, type PtyProgram } from './pty/terminal.ts';

/** A sitting with its prompt on the screen. */
const sit = sittings('parameters');

/** The transcript in the scroll-back: everything above the frame. */
function transcript(program: PtyProgram): string[] {
  const lines = program.scrollback();
  const frame = lines.findLastIndex((line) => line.startsWith('›'));
  const above = lines.slice(0, frame);
  while (above.at(-1) === '') above.pop();
  return above;
}

/** How often a line is on the screen. */
function count(program: PtyProgram, line: string): number {
  return program.screen().filter((row) => row === line).length;
}

/** The words of an answer of `fast`, as the fixture writes them. */
function prose(tokens: number): string {
  const words = 'the quick brown fox jumps over the lazy dog and runs into the deep dark wood'.split(' ');
  return Array.from(
    { length: tokens },
    (_, i) => `${i > 0 && i % 120 === 0 ? '\n\n' : ''}${words[(i * 7) % words.length]} `,
  ).join('');
}

/** The words of a text, wherever its rows end. */
const words = (text: string) => text.split(/\s+/).filter(Boolean);

const welcome = ['babble with names. /engine switches, /help shows more.', ''];

test('types, streams, switches the engine, goes on, stops with Esc, leaves', async () => {
  await using program = await sit('names');
  program.type(keys.enter);
  await program.waitFor('› myliena');
  program.enter('em');
  await program.waitFor('› emily');
  program.enter('/engine slow');
  await program.waitFor('names → slow');
  program.enter('go');
  await program.waitFor('Esc stops');
  await program.waitFor('jumps');
  program.type(keys.escape);
  await program.waitFor('Stopped.');
  program.enter('/exit');
  expect(await program.exited).toBe(0);
  expect(program.scrollback().slice(0, 7)).toEqual([
    ...welcome,
    '› myliena',
    '› emily',
    '› /engine slow',
    'names → slow: the conversation goes on.',
    '› go',
  ]);
  // The frame is gone, the modes are given back, and nothing was ever cleared.
  expect(program.screen().join('\n')).not.toContain('Write a message');
  expect(program.output).toMatch(/\x1b\[\?2004l[^\x1b]*$/);
  expect(program.output).not.toMatch(/\x1b\[[23]J/);
});

test('the menu of engines is chosen from with the arrows and by typing', async () => {
  await using program = await sit('names');
  program.enter('/engine');
  await program.waitFor('↑↓ choose');
  program.type('wid');
  await program.waitUntil(() => !program.screen().join('\n').includes('crash'), 'the narrowed menu');
  program.type(keys.enter);
  await program.waitFor('names → wide');
  program.enter('/engine');
  await program.waitFor('↑↓ choose');
  program.type(keys.escape);
  await program.waitFor('Write a message');
});

test('Tab completes commands, then their arguments', async () => {
  await using program = await sit('names');
  program.type('/en');
  await program.waitFor('switch to another engine');
  program.type(keys.tab);
  await program.waitFor('a completion engine');
  program.type(`ch${keys.tab}${keys.enter}`);
  await program.waitFor('names → chat');
});

test('Ctrl+C twice at an empty prompt leaves, once does not', async () => {
  await using program = await sit('names');
  program.type(keys.ctrlC);
  await program.waitFor('Ctrl+C again leaves');
  program.type('x');
  await program.waitUntil(() => !program.screen().join('\n').includes('again leaves'), 'the hint to go');
  // With text in the editor Ctrl+C only takes the text away.
  program.type(keys.ctrlC);
  await program.waitFor('Begin a text');
  program.type(keys.ctrlC + keys.ctrlC);
  expect(await program.exited).toBe(0);
});

test('Ctrl+D on an empty prompt leaves', async () => {
  await using program = await sit('names');
  program.type(keys.ctrlD);
  expect(await program.exited).toBe(0);
});

test('SIGTERM ends the program and gives the terminal back', async () => {
  await using program = await sit('slow');
  program.enter('go');
  await program.waitFor('jumps');
  program.kill('SIGTERM');
  expect(await program.exited).toBe(130);
  expect(program.output).toContain('\x1b[?2004l');
});

test('several lines: backslash, Ctrl+J, Alt+Enter and a block in quotes', async () => {
  await using program = await sit('chat');
  program.type(`one\\${keys.enter}two${keys.ctrlJ}three${keys.altEnter}four${keys.enter}`);
  await program.waitFor('You said: one\ntwo\nthree\nfour');
  program.type(`"""five${keys.enter}six"""${keys.enter}`);
  await program.waitFor('You said: five\nsix');
});

test('a paste of 10,000 lines is folded, sent whole, and shown by its first lines', async () => {
  await using program = await sit('count');
  program.paste(Array.from({ length: 10_000 }, (_, i) => `row ${i}`).join('\n'));
  await program.waitFor('[10,000 lines pasted]');
  program.type(keys.enter);
  await program.waitFor('10000 lines came');
  expect(transcript(program).slice(2)).toEqual([
    ...Array.from({ length: 10 }, (_, i) => `${i === 0 ? '› ' : '  '}row ${i}`),
    '  … 9,990 more lines',
    '10000 lines came',
  ]);
});

test('history: up, and search with Ctrl+R', async () => {
  await using program = await sit('chat');
  program.enter('first thing');
  await program.waitFor('You said: first thing');
  program.enter('second');
  await program.waitFor('You said: second');
  program.type(keys.up + keys.up);
  await program.waitUntil(() => count(program, '› first thing') === 2, 'the first entry');
  program.type(keys.ctrlC + keys.ctrlR);
  await program.waitFor('Earlier:');
  program.type(`sec${keys.enter}${keys.enter}`);
  await program.waitUntil(() => count(program, 'You said: second') === 2);
});

test('an engine that crashes is told, and the conversation goes on', async () => {
  await using program = await sit('crash');
  program.enter('hello');
  await program.waitFor('half an ans');
  await program.waitFor('! crash stopped in the middle of its answer.');
  program.enter('/engine chat');
  await program.waitFor('crash → chat');
  program.enter('still here');
  await program.waitFor('You said: still here');
});

test('errors are shown with their hint and the session goes on', async () => {
  await using program = await sit('names');
  program.enter('/engine nonsense');
  await program.waitFor('✗ No engine is called "nonsense".');
  await program.waitFor('Known: names');
  program.enter('/nonsense');
  await program.waitFor('There is no command /nonsense');
  program.enter('/set temperature hot');
  await program.waitFor('temperature is a number from 0 to 100');
  program.enter('/set temperature 0.5');
  await program.waitFor('temperature is 0.5');
  program.enter('em');
  await program.waitFor('› emily');
});

test('a conversation is loaded again as it looked', async () => {
  await using program = await sit('names');
  program.enter('em');
  await program.waitFor('› emily');
  program.enter('/save girls');
  await program.waitFor('Saved as "girls"');
  program.enter('/clear');
  await program.waitFor('A new conversation');
  program.enter('/load girls');
  await program.waitFor('girls, with names');
  await program.waitUntil(() => count(program, '› emily') === 2);
});

test('a message typed while an answer streams waits for its end', async () => {
  await using program = await sit('slow');
  program.enter('go');
  await program.waitFor('jumps');
  program.enter('/seed 7');
  await program.waitFor('… /seed 7');
  program.type(keys.escape);
  await program.waitFor('Stopped.');
  // What waited is back in the editor.
  await program.waitFor('› /seed 7');
  program.type(keys.enter);
  await program.waitFor('Every answer has the seed 7');
});

test('switching in mid-answer goes on from the same words with the other engine', async () => {
  await using program = await sit('slow');
  program.enter('go');
  await program.waitFor('jumps');
  program.enter('/engine chat');
  await program.waitFor('slow → chat');
  await program.waitFor('You said: the lazy');
});

test('search opens the conversation; copy asks first; Markdown keeps every character', async () => {
  await using program = await sit('chat');
  program.enter('**needle** in `hay`');
  await program.waitFor('You said: **needle** in `hay`');
  expect(program.output).toContain('\x1b[1m**needle**\x1b[0m');
  program.enter('/copy');
  await program.waitFor('characters on the clipboard?');
  expect(program.output).not.toContain('\x1b]52;');
  program.type(keys.enter);
  await program.waitFor('Copied');
  const copied = Buffer.from('You said: **needle** in `hay`').toString('base64');
  expect(program.output).toContain(`\x1b]52;c;${copied}\x07`);
  program.enter('/clear');
  await program.waitFor('A new conversation');
  program.enter('/search needle');
  await program.waitFor('Found:');
  program.type(keys.enter);
  await program.waitUntil(() => count(program, 'You said: **needle** in `hay`') === 2, 'the conversation');
});

test('Ctrl+X Ctrl+E hands the text to $EDITOR and takes it back', async () => {
  await using program = await sit('chat', { env: { VISUAL: '', EDITOR: "sed -i 's/typed/edited/'" } });
  program.type('typed text\x18\x05');
  await program.waitFor('› edited text');
  program.type(keys.enter);
  await program.waitFor('You said: edited text');
  expect(transcript(program).slice(2)).toEqual(['› edited text', 'You said: edited text']);
});

test('40 columns, wide characters, resizing: the scroll-back is the transcript', async () => {
  await using program = await sit('wide', { columns: 40, rows: 20 });
  program.enter('漢字');
  await program.waitFor('ends');
  for (const row of program.screen()) expect(row.length).toBeLessThanOrEqual(40);
  const answer = '漢字かな交じり文の長い行は端末の幅で折り返される。';
  expect(transcript(program).join('')).toContain(`› 漢字${answer}`);
});

test('resizing while an answer streams: nothing twice, nothing lost', async () => {
  await using program = await sit('bursts');
  program.enter('600');
  const sizes = [
    [60, 20],
    [100, 30],
    [40, 12],
    [80, 24],
  ] as const;
  for (const [index, [columns, rows]] of sizes.entries()) {
    // The answer pauses, so that no byte is under way that was meant for the old window.
    await program.waitFor(`[${index + 1}]`);
    const seen = program.output.length;
    await program.resize(columns, rows);
    await program.waitUntil(() => program.output.length > seen, 'the frame in the new size');
    program.kill('SIGUSR2');
  }
  await program.waitUntil(() => !program.screen().join('\n').includes('Esc stops'), 'the end of the answer');
  const shown = transcript(program)
    .join('\n')
    .replaceAll(/\[\d\s*\]/g, '');
  expect(words(shown)).toEqual([
    ...words(`${welcome.join(' ').replace('names', 'bursts')} › 600`),
    ...words(prose(600)),
  ]);
});

test('NO_COLOR: not one colour or style is sent', async () => {
  await using program = await sit('names', { env: { NO_COLOR: '1' } });
  program.enter('em');
  await program.waitFor('› emily');
  program.enter('/engine');
  await program.waitFor('↑↓ choose');
  expect(program.output).not.toMatch(/\x1b\[[\d;]*m/);
});

test('an answer of 5,000 tokens at 200 a second: few bytes, quick keys, every word once', async () => {
  await using program = await sit('fast');
  const before = program.output.length;
  program.enter('');
  await program.waitFor('Esc stops');
  // The editor answers while the answer streams.
  program.type('typed meanwhile');
  await program.waitFor('› typed meanwhile');
  await program.waitFor('context 5,042');
  const text = prose(5000);
  const sent = Buffer.byteLength(program.output.slice(before));
  expect(sent).toBeLessThan(3 * Buffer.byteLength(text));
  const lines = transcript(program).slice(3);
  expect(words(lines.join('\n'))).toEqual(words(text));
  // Rows end between words, and paragraphs where they did.
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  expect(lines.filter((line) => line === '')).toHaveLength(text.split('\n\n').length - 1);
  expect(program.output).not.toMatch(/\x1b\[[23]J/);
}, 90_000);
