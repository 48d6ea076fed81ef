/** Several engines side by side, in a real pseudo-terminal. `vitest -u` writes the golden screens again. */
import { expect, test } from 'vitest';
import { sittings } from './pty/sitting.ts';
import { keys, type PtyProgram } from './pty/terminal.ts';

const sit = sittings();

/** The screen without what changes from run to run. */
function picture(program: PtyProgram): string {
  const rows = program.screen().map((row) =>
    row
      .replaceAll(/[\d,.]+( tok)?\/s( *)/g, (speed, _tok, space: string) =>
        // In a column the rest moves up to the next one.
        row.includes('│') ? 'N/s'.padEnd(speed.length) : `N/s${space}`,
      )
      .trimEnd(),
  );
  return `${rows.join('\n').trimEnd()}\n`;
}

test.each([40, 80, 200])('three answers at %i columns', async (columns) => {
  await using program = await sit('names', { columns });
  program.enter('/compare names wide chat Tell me something long enough for more than a row of a column.');
  await program.waitFor('Go on from:');
  const ended = picture(program);
  program.type(keys.escape);
  await program.waitFor('Begin a text');
  // One answer is whole, the other pauses in the middle.
  program.enter('/compare bursts names -- 300');
  // The panel has let go of what is in the transcript now.
  await program.waitFor(
    columns === 40 ? /\[1\] *\n\n1 bursts: .*names: done/ : /\[1\] *\n\n *\n.*│ 3 tokens/,
  );
  await expect(`${ended}${'─'.repeat(columns)}\n${picture(program)}`).toMatchFileSnapshot(
    `golden/compare-${columns}.txt`,
  );
});

test('an answer that was compared becomes the next one; the others stay as branches', async () => {
  await using program = await sit('chat');
  program.enter('/compare names chat wide hello');
  await program.waitFor('Go on from:');
  program.type(`chat${keys.enter}`);
  await program.waitFor('goes on from chat’s answer');
  program.enter('/keep 1');
  await program.waitFor('goes on from names’s answer');
  program.enter('/branch');
  await program.waitFor('Branch:');
  await program.waitFor('● ily');
  await program.waitFor('○ You said: hello');
  program.type(keys.escape);
  await program.waitFor('Write a message');
  program.enter('/compare names chat');
  await program.waitFor('Go on from:');
  program.type(keys.escape);
  await program.waitFor('Write a message');
  expect(program.scrollback().filter((line) => /^ily +│ You said: hello/.test(line))).toHaveLength(2);
});

test('Esc stops all; what was written stays, and can be kept', async () => {
  await using program = await sit('chat');
  program.enter('/compare slow slow hello');
  await program.waitFor(/brown and +│ dog/);
  program.type(keys.escape);
  await program.waitFor('Go on from:');
  expect(
    program
      .screen()
      .join('\n')
      .match(/stopped/g),
  ).toHaveLength(1 + 1);
  program.type(keys.enter);
  await program.waitFor('goes on from slow’s answer');
});

test('an engine that fails has its error in its column; unknown engines are refused with a hint', async () => {
  await using program = await sit('chat');
  program.enter('/compare chat nonsense');
  await program.waitFor('“nonsense” is no engine.');
  await program.waitFor('For example: /compare');
  program.enter('/compare chat crash hello');
  await program.waitFor('Go on from:');
  const screen = program.screen().join('\n');
  expect(screen).toMatch(/You said: hello +│ half an ans/);
  expect(screen).toContain('cut off');
});

test('rows leave for the scroll-back as they are final; a window made narrow goes on one below the other', async () => {
  await using program = await sit('chat', { columns: 80, rows: 16 });
  program.enter('/compare bursts names 300');
  await program.waitFor('[1]');
  const seen = program.output.length;
  await program.resize(40, 16);
  await program.waitUntil(() => program.output.length > seen, 'the frame in the new size');
  program.kill('SIGUSR2');
  await program.waitFor('[2]');
  program.kill('SIGUSR2');
  await program.waitFor('Go on from:');
  const all = program.scrollback();
  const lines = all.slice(
    0,
    all.findIndex((line) => line.startsWith('Go on from:')),
  );
  const words = (text: string) => text.replaceAll(/[│\s]+/g, ' ').replaceAll(/\[\d ?\]/g, '');
  const whole = words(lines.join(' '));
  // Every word of the long answer is there once, in order; the short one stood beside its first row.
  expect(whole).toContain('1 bursts 2 names the lazy dark over');
  expect(whole.match(/ily/g)).toHaveLength(1);
  expect(whole.match(/the lazy dark over the fox runs quick dog wood/g)?.length).toBeGreaterThan(15);
  expect(program.output).not.toMatch(/\x1b\[[23]J/);
});

test('/ab hides the names until the vote, goes on from the better answer, and keeps a tally', async () => {
  await using program = await sit('chat');
  program.enter('/ab names chat hello');
  await program.waitFor('Better:');
  expect(program.screen().join('\n')).not.toMatch(/tokens ·|names {2}|2 chat/);
  program.type(keys.escape);
  await program.waitFor('/vote tells the names');
  program.enter('/keep 1');
  await program.waitFor('hidden until you vote');
  const first = program.screen().some((row) => /^ily +│/.test(row)) ? ['names', 'chat'] : ['chat', 'names'];
  program.enter('/vote b');
  await program.waitFor(`A was ${first[0]}, B was ${first[1]}.`);
  await program.waitFor(`goes on from ${first[1]}’s answer`);
  program.enter('/ab tally');
  await program.waitFor(new RegExp(`${first[1]} +1 +0 +0 +100%`));
  await program.waitFor(new RegExp(`${first[0]} +0 +1 +0 +0%`));
  program.enter('/vote a');
  await program.waitFor('There is nothing to vote on.');
});

test('whoever is writing when a comparison ends is not interrupted by its menu', async () => {
  await using program = await sit('chat');
  program.enter('/compare bursts names -- 150');
  await program.waitFor('[1]');
  program.type('my next thou');
  await program.waitFor('› my next thou');
  program.kill('SIGUSR2');
  await program.waitFor('/keep <number> goes on from one of them.');
  program.type(`ght${keys.enter}`);
  await program.waitFor('You said: my next thought');
});
