/** The real program under the settings of a person: hints, colours, and what is wrong with them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore } from '../src/chat/store/store.ts';
import { babbleFile } from './command.ts';
import { PtyProgram } from './pty/terminal.ts';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'babble-settings-'));
});

afterEach(() => rm(home, { recursive: true, force: true }));

function start(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): PtyProgram {
  const all = [babbleFile, '--engine', 'bigram-count', ...args];
  return new PtyProgram(process.execPath, all, { env: { BABBLE_HOME: home, ...env } });
}

async function config(text: string): Promise<void> {
  await mkdir(path.join(home, 'config'), { recursive: true });
  await writeFile(path.join(home, 'config', 'config.toml'), text);
}

/** Whether the program says how to begin. */
async function hints(program: PtyProgram): Promise<boolean> {
  await program.waitFor('729 param');
  return program.scrollback().join(' ').includes('Write the beginning of a text');
}

/** Conversations that were held before. */
function hold(count: number): void {
  using store = openStore(path.join(home, 'data', 'babble.db'));
  for (let i = 0; i < count; i++) {
    const id = `conversation-${i}`;
    const createdAt = new Date(i).toISOString();
    const engine = { engineId: 'bigram-count', modelId: 'bigram-count' };
    store.createConversation({ id, origin: '', ...engine, settings: {}, createdAt });
    store.addMessage(id, { id: `message-${i}`, parentId: null, role: 'user', content: 'em', createdAt });
  }
}

test('hints come in the first conversations, and go by themselves or when they are turned off', async () => {
  {
    await using program = start();
    expect(await hints(program)).toBe(true);
  }
  {
    await using program = start(['--no-hints']);
    expect(await hints(program)).toBe(false);
  }
  await config('hints = false\n');
  {
    await using program = start();
    expect(await hints(program)).toBe(false);
  }
  await config('');
  hold(3);
  await using program = start();
  expect(await hints(program)).toBe(false);
});

test.each([
  [['--no-color'], {}, false],
  [[], { NO_COLOR: '1' }, false],
  [['--theme', 'light'], { NO_COLOR: '1' }, true],
  [[], { BABBLE_THEME: 'light' }, true],
] as const)('%j with %j: colours %s', async (args, env, expected) => {
  await using program = start([...args], { COLORTERM: 'truecolor', ...env });
  await program.waitFor('729 param');
  const styles = program.output.match(/\x1b\[[\d;]+m/g)?.filter((style) => style !== '\x1b[0m') ?? [];
  expect(styles.length > 0).toBe(expected);
  if (expected) expect(styles).toContain('\x1b[38;2;85;85;85m');
});

test('/show tells where a value comes from', async () => {
  await config('[sampling]\ntemperature = 0.5\n');
  await using program = start(['--top-k', '5'], { BABBLE_TOP_P: '0.9' });
  await program.waitFor('729 param');
  program.enter('/set min-p 0.1');
  await program.waitFor('min-p is 0.1');
  program.enter('/show');
  await program.waitFor(/temperature +0\.5 +\(.*config\.toml:2\)/);
  await program.waitFor(/top-k +5 +\(--top-k\)/);
  await program.waitFor(/top-p +0\.9 +\(BABBLE_TOP_P\)/);
  await program.waitFor(/min-p +0\.1 +\(this conversation\)/);
  await program.waitFor(/max-tokens +500 +\(default\)/);
});

test('settings that are wrong end it with all of them on the screen', async () => {
  await config('theme = 3\n\nhint = false\n');
  await using program = start([], { BABBLE_RAW: 'perhaps' });
  expect(await program.exited).toBe(2);
  const shown = program.scrollback().join('');
  expect(shown).toContain('config.toml:1: theme is 3');
  expect(shown).toContain('config.toml:3: there is no setting hint (did you mean hints?)');
  expect(shown).toContain('BABBLE_RAW: raw is "perhaps"');
});
