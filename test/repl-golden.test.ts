/** Whole screens at three widths, as files to look at. `vitest -u` writes them again. */
import { expect, test } from 'vitest';
import { sittings } from './pty/sitting.ts';
import { keys, type PtyProgram } from './pty/terminal.ts';

const sit = sittings();

/** The screen without what changes from run to run. */
function picture(program: PtyProgram): string {
  const rows = program.screen().map((row) => row.replace(/ · [\d,.]+ tok(en)?s?\/s/, ' · N tok/s').trimEnd());
  return `${rows.join('\n').trimEnd()}\n`;
}

test.each([40, 80, 200])('%i columns', async (columns) => {
  await using program = await sit('names', { columns, rows: 24 });
  program.type(keys.enter);
  await program.waitFor('› myliena');
  program.enter('/engine wide');
  await program.waitFor('names → wide');
  program.enter('Write **one** line, and let it be so long that it does not fit into forty columns.');
  await program.waitFor('ends');
  await program.waitUntil(() => !program.screen().join('\n').includes('Esc stops'));
  program.type('a line that is still being written\\');
  program.type(`${keys.enter}漢字`);
  await program.waitFor('  漢字');
  const writing = picture(program);
  program.type(`${keys.ctrlC}/`);
  await program.waitFor(/1–9 of \d+/);
  const completing = picture(program);
  program.type(`${keys.ctrlC}/engine${keys.enter}`);
  await program.waitFor('Esc leaves');
  await expect([writing, completing, picture(program)].join(`${'─'.repeat(columns)}\n`)).toMatchFileSnapshot(
    `golden/terminal-${columns}.txt`,
  );
});
