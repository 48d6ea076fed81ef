/**
 * Makes the README's picture again, from nothing: runs babble in a pseudo-terminal, talks to it, and draws the screen.
 * `npm run demo`
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../src/paths.ts';
import { PtyProgram } from '../test/pty/terminal.ts';
import { terminalSvg } from './terminal-svg.ts';

const size = { columns: 80, rows: 24 };
const folder = path.join(packageRoot, 'docs', 'pictures');
const home = await mkdtemp(path.join(tmpdir(), 'babble-demo-'));
const node = path.join(packageRoot, 'node_modules', 'node', 'bin', 'node');

try {
  await using program = new PtyProgram(
    node,
    [path.join(packageRoot, 'bin', 'babble.mjs'), 'chat', '--engine', 'bigram-count'],
    {
      ...size,
      env: { BABBLE_HOME: home },
    },
  );
  await program.waitFor('just press Enter');
  await ask(program, '/seed 1337', 'seed');
  await ask(program, '', 'tokens/s');
  await ask(program, '/engine wavenet', 'wavenet ·');
  await ask(program, '', 'tokens/s');
  await ask(program, 'shak', 'shak');
  await ask(program, '/engine mlp', 'mlp ·');
  await ask(program, 'chri', 'chri');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await mkdir(folder, { recursive: true });
  const svg = await terminalSvg(
    program.output,
    size.columns,
    size.rows,
    'babble in a terminal: names from three models in one conversation',
  );
  await writeFile(path.join(folder, 'terminal.svg'), svg);
  process.stdout.write(`${path.join('docs', 'pictures', 'terminal.svg')}\n`);
} finally {
  await rm(home, { recursive: true, force: true });
}

/** Types a line as a person would, and waits for what follows it. */
async function ask(program: PtyProgram, line: string, then: string): Promise<void> {
  program.enter(line);
  await program.waitFor(then);
  await new Promise((resolve) => setTimeout(resolve, 700));
}
