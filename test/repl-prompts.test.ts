/** Prompts, roles, files, presets and themes on a real screen. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sittings } from './pty/sitting.ts';
import { keys, type PtyProgram } from './pty/terminal.ts';

const start = sittings('parameters');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'babble-prompts-'));
  await mkdir(path.join(folder, 'prompts'));
  await mkdir(path.join(folder, 'reports'));
  const files = {
    'prompts/turn.md':
      '+++\nname = "turn"\ndescription = "Turns a text"\n+++\nTurn {{text}} into {{shape=a song}}.',
    'prompts/cook.md': '+++\nname = "cook"\ndescription = "A cook"\nrole = "system"\n+++\nYou cook {{what}}.',
    'reports/long report.txt': `${'a line\n'.repeat(30)}`,
    'reports/short.txt': 'short\n',
    'reports/picture.txt': 'P\0N',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function sit(engine: string): Promise<PtyProgram> {
  const env = { BABBLE_HOME: folder, COLORTERM: 'truecolor' };
  return start(engine, { cwd: folder, env, columns: 100 });
}

test('/prompt: a menu, the missing variable asked for in the editor, the text sent', async () => {
  await using program = await sit('chat');
  program.enter('/prompt');
  await program.waitFor('Turns a text');
  program.type(`turn${keys.enter}`);
  await program.waitFor('turn needs text.');
  await program.waitFor('› /prompt turn shape=a song text=');
  program.enter('day = night');
  await program.waitFor('You said: Turn day = night into a song.');
  program.enter('/prompt turn text=one shape="a list=2"');
  await program.waitFor('You said: Turn one into a list=2.');
});

test('a role is the system prompt of the conversation, and /show has it', async () => {
  await using program = await sit('chat');
  program.enter('/prompt cook what=soup');
  await program.waitFor('cook is the role of this conversation.');
  program.enter('/show');
  await program.waitFor(/system prompt +You cook soup\./);
});

test('Tab completes prompts and their variables', async () => {
  await using program = await sit('chat');
  program.type('/prompt tu');
  await program.waitFor('Turns a text');
  program.type(keys.tab);
  await program.waitFor('needed');
  program.type(`te${keys.tab}x${keys.enter}`);
  await program.waitFor('You said: Turn x into a song.');
});

test('a file after @: completed through its folder, sent whole, shown folded, and so again when loaded', async () => {
  await using program = await sit('count');
  program.type('See @rep');
  await program.waitFor('reports/');
  program.type(keys.tab);
  await program.waitFor('long report.txt');
  program.type(`lo${keys.tab}`);
  await program.waitFor('@"reports/long report.txt"');
  program.enter('please');
  // The message, an empty line, what it is, two fences and thirty lines.
  await program.waitFor('35 lines came');
  await program.waitFor('[reports/long report.txt: 30 lines, 210 bytes]');
  expect(program.scrollback()).toContain('› See reports/long report.txt please');
  program.enter('/load See');
  await program.waitUntil(
    () => program.scrollback().filter((line) => line.includes('[reports/long report.txt')).length === 2,
    'the conversation shown again, folded',
  );
});

test('what cannot be attached is refused and comes back; what is no file stays text', async () => {
  await using program = await sit('chat');
  program.enter('@reports/picture.txt');
  await program.waitFor('✗ reports/picture.txt is a binary file.');
  await program.waitFor('› @reports/picture.txt');
  program.type(keys.ctrlC);
  program.enter('hi @nobody and \\@reports');
  await program.waitFor('You said: hi @nobody and @reports');
  await program.waitFor('There is no file nobody');
});

test('presets: saved, completed, loaded with their engine, forgotten', async () => {
  await using program = await sit('chat');
  program.enter('/set temperature 0.3');
  await program.waitFor('temperature is 0.3');
  program.enter('/preset save cool');
  await program.waitFor('Kept as cool.');
  program.enter('/engine names');
  await program.waitFor('chat → names');
  program.enter('/set temperature default');
  await program.waitFor('temperature is default');
  program.type('/preset load c');
  await program.waitFor('temperature 0.3');
  program.type(`${keys.tab}${keys.enter}`);
  await program.waitFor('The preset cool is on: chat · temperature 0.3');
  await program.waitFor('names → chat');
  program.enter('/show');
  await program.waitFor(/temperature {2,}0\.3/);
  program.enter('/preset rm cool');
  await program.waitFor('The preset cool is gone.');
  program.enter('/preset load cool');
  await program.waitFor('No preset is called "cool".');
});

test('/theme changes the colours at once, /theme none takes them away', async () => {
  await using program = await sit('chat');
  const colours = () => [...program.output.slice(at).matchAll(/\x1b\[38;2;[\d;]+m/g)].map(([style]) => style);
  let at = 0;
  program.enter('/theme dark');
  await program.waitFor('The theme is dark');
  // The mark of the editor is drawn in the new colour without a key.
  await program.waitUntil(() => colours().includes('\x1b[38;2;127;215;255m'), 'the mark in the new colour');
  program.enter('/theme none');
  await program.waitFor('The theme is none');
  at = program.output.length;
  program.enter('hello');
  await program.waitFor('You said: hello');
  await program.waitUntil(() => !program.screen().join('\n').includes('Esc stops'));
  expect(program.output.slice(at)).not.toMatch(/\x1b\[[\d;]*[1-9]m/);
});
