/** Editing, branches, files of conversations and Ctrl+Z, in a real pseudo-terminal. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { buildFixture } from './pty/build.ts';
import { keys, PtyProgram } from './pty/terminal.ts';

let script: string;
let folder: string;

beforeAll(async () => {
  script = await buildFixture('sitting');
});
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'babble-branches-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
afterAll(() => rm(script, { force: true }));

/** A sitting in the test's folder in which two messages were answered. */
async function held(): Promise<PtyProgram> {
  const program = new PtyProgram(process.execPath, [script, 'chat'], { cwd: folder });
  await program.waitFor('param');
  program.enter('first');
  await program.waitFor('You said: first');
  program.enter('second');
  await program.waitFor('You said: second');
  return program;
}

const menuGone = (program: PtyProgram) => program.waitFor('Write a message');

test('/edit changes an earlier message on a branch, /branch brings the old one back', async () => {
  await using program = await held();
  program.enter('/edit');
  await program.waitFor('Change:');
  program.type(`fir${keys.down}${keys.enter}`); // the answer holds the word as well, and comes first
  await program.waitFor('Enter asks again on a new branch');
  program.type(` changed${keys.enter}`);
  await program.waitFor('You said: first changed');
  program.enter('/branch');
  await program.waitFor('● first changed');
  program.type(`${keys.up}${keys.enter}`);
  await program.waitFor('The conversation on this branch:');
  await program.waitUntil(
    () => program.screen().filter((row) => row === 'You said: second').length === 2,
    'the old branch with all that followed',
  );
});

test('/edit changes an answer too, keeps the old one, and Esc leaves all as it was', async () => {
  await using program = await held();
  program.enter('/edit');
  await program.waitFor('Change:');
  program.type(`${keys.up}${keys.enter}`);
  await program.waitFor('Enter keeps the words on a new branch');
  program.type(keys.escape);
  await menuGone(program);
  program.enter('/branch');
  await program.waitFor('has no branches');
  program.enter('/edit');
  await program.waitFor('Change:');
  program.type(`${keys.up}${keys.enter}`);
  await program.waitFor('Enter keeps the words on a new branch');
  program.type(`, or so${keys.enter}`);
  await program.waitFor('You said: second, or so');
  program.enter('/continue');
  await program.waitFor('second, or so'); // goes on from the new words
  program.enter('/branch');
  await program.waitFor('○ You said: second');
});

test('/undo takes the last message back into the editor; /branch brings it again', async () => {
  await using program = await held();
  program.enter('/undo');
  await program.waitFor('The last message is taken back');
  program.type(' thoughts');
  await program.waitFor('› second thoughts'); // in the editor, to be changed
  program.type(keys.ctrlC);
  await menuGone(program);
  program.enter('/branch');
  await program.waitFor('○ second');
  program.type(keys.enter);
  await program.waitFor('The conversation on this branch:');
});

test('what /export wrote, /import opens: the branch as Markdown, all branches as JSON', async () => {
  await using program = await held();
  program.enter('/again');
  await program.waitUntil(() => program.screen().filter((row) => row === 'You said: second').length === 2);
  program.enter('/export talk.md');
  await program.waitFor('4 messages written to');
  program.enter('/export talk.json');
  await program.waitFor('5 messages written to');
  program.enter('/export talk.json');
  await program.waitFor('exists already');
  for (const [name, messages] of [
    ['talk.md', 4],
    ['talk.json', 5],
  ] as const) {
    program.enter('/clear');
    await program.waitFor('A new conversation');
    program.enter(`/import ${name}`);
    await program.waitFor('first, with chat:');
    program.enter(`/export again-${name}`);
    await program.waitFor(`${messages} messages written to`);
    program.enter('/clear');
  }
  await program.waitUntil(() => program.scrollback().filter((line) => line.startsWith('A new')).length >= 3);
  expect(await readFile(path.join(folder, 'again-talk.md'), 'utf8')).toBe(
    await readFile(path.join(folder, 'talk.md'), 'utf8'),
  );
  await writeFile(path.join(folder, 'wrong.json'), '{"babble": 1, "messages": 7}');
  program.enter('/import wrong.json');
  await program.waitFor('holds no conversation that babble can read');
  program.enter('/import nothing.md');
  await program.waitFor('There is no file');
});

test.runIf(process.platform === 'linux')('Ctrl+Z stops the program and fg brings it back', async () => {
  await using shell = new PtyProgram('bash', ['--norc', '--noprofile', '-i'], {
    env: { PS1: 'shell> ', HISTFILE: '' },
  });
  await shell.waitFor('shell>');
  shell.enter(`'${process.execPath}' '${script}' chat`);
  await shell.waitFor('729 param');
  shell.enter('hello');
  await shell.waitFor('You said: hello');
  shell.type('half typed');
  await shell.waitFor('› half typed');
  shell.type('\x1a');
  await shell.waitFor('Stopped');
  await shell.waitFor(/shell> $/m);
  shell.enter('echo still $((40 + 2))');
  await shell.waitFor('still 42');
  shell.enter('fg');
  await shell.waitFor('› half typed');
  shell.type(` text${keys.enter}`);
  await shell.waitFor('You said: half typed text');
  shell.enter('/exit');
  await shell.waitUntil(
    () => shell.screen().at(-1) === 'shell>' || /shell> *$/.test(shell.screen().join('\n').trimEnd()),
  );
  const lines = shell.scrollback();
  expect(lines.filter((line) => line === 'You said: hello')).toHaveLength(1);
});
