/**
 * Makes the README's pictures again, from nothing: runs babble in a pseudo-terminal, talks to it as a person would,
 * and draws what was on the screen: a film of the sitting, and a still from the middle of it. `npm run demo`
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { packageRoot } from '../src/paths.ts';
import { keys, PtyProgram } from '../test/pty/terminal.ts';
import { filmSvg, stillSvg } from './terminal-svg.ts';

const size = { columns: 80, rows: 24 };
const folder = path.join(packageRoot, 'docs', 'pictures');
const endOfUpdate = '\x1b[?2026l';
/** Between two looks at the screen. */
const lookMs = 100;
/** A key a finger: the time that one takes. */
const keyMs = 60;
/** The screen stands still no longer than this, however long a model takes to load. */
const longestMs = 1200;

/** Writes down when the screen changed. */
class Recording {
  readonly moments: { length: number; ms: number }[] = [];
  readonly #program: PtyProgram;

  constructor(program: PtyProgram) {
    this.#program = program;
  }

  /** Types a line, key by key, and Enter. */
  async enter(line: string): Promise<void> {
    for (const key of line) await this.press(key);
    this.#look(400);
    await this.press(keys.enter);
  }

  async press(key: string): Promise<void> {
    this.#program.type(key);
    await setTimeout(keyMs);
    this.#look(keyMs);
  }

  /** Goes on until a text is on the screen, and a little longer. */
  async until(text: string | RegExp, pauseMs: number): Promise<void> {
    let isThere = false;
    const shown = this.#program.waitFor(text).then(() => {
      isThere = true;
    });
    while (!isThere) await this.pass(lookMs);
    await shown;
    await this.pass(pauseMs);
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += lookMs) {
      await setTimeout(lookMs);
      this.#look(lookMs);
    }
  }

  /** Whole updates only: a screen that is half drawn is no picture. */
  #look(ms: number): void {
    const length = this.#program.output.lastIndexOf(endOfUpdate) + endOfUpdate.length;
    const last = this.moments.at(-1);
    if (last?.length === length) last.ms = Math.min(longestMs, last.ms + ms);
    else this.moments.push({ length, ms });
  }
}

const home = await mkdtemp(path.join(tmpdir(), 'babble-demo-'));
const node = path.join(packageRoot, 'node_modules', 'node', 'bin', 'node');
const args = ['chat', '--engine', 'bigram-count', '--seed', '1337', '--max-tokens', '100'];
try {
  await using program = new PtyProgram(node, [path.join(packageRoot, 'bin', 'babble.mjs'), ...args], {
    ...size,
    env: { BABBLE_HOME: home, BABBLE_HINTS: 'false', COLORTERM: 'truecolor', COLORFGBG: '15;0' },
  });
  await program.waitFor('729 param');
  const film = new Recording(program);
  await film.pass(800);
  await film.enter('');
  await film.until('› myliena', 700);
  await film.enter('shak');
  await film.until(/› shak[a-z]+/, 700);
  await film.enter('/engine gpt');
  await film.until('→ gpt', 600);
  await film.enter('ROMEO:');
  await film.until('Stopped at 100 tokens', 1200);
  await film.enter('/probs live 6');
  await film.until('What may come next', 500);
  await film.enter('JULIET:');
  await film.until('drawn: ', 4000);
  const still = recorded(program);
  await film.press(keys.escape);
  await film.until('Stopped.', 300);
  await film.enter('/probs live');
  await film.until('The bars are gone.', 400);
  await film.enter('/clear');
  await film.until('A new conversation', 300);
  await film.enter('/compare bigram-count mlp wavenet ma');
  await film.until('Go on from', 1800);
  await film.press(keys.escape);
  await film.until('Begin a text', 600);
  await mkdir(folder, { recursive: true });
  await save(
    'demo.svg',
    filmSvg(
      recorded(program),
      film.moments,
      size,
      'babble in a terminal: a name from counted letters, Shakespeare from a GPT with the odds of every letter, three models side by side',
    ),
  );
  await save(
    'terminal.svg',
    stillSvg(still, size, 'babble in a terminal: a GPT writes, and bars show what may come at each letter'),
  );
} finally {
  await rm(home, { recursive: true, force: true });
}

/** The output so far, up to the last whole update. */
function recorded({ output }: PtyProgram): string {
  return output.slice(0, output.lastIndexOf(endOfUpdate) + endOfUpdate.length);
}

async function save(name: string, svg: Promise<string>): Promise<void> {
  await writeFile(path.join(folder, name), await svg);
  process.stdout.write(`${path.join('docs', 'pictures', name)}\n`);
}
