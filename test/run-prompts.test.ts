/** `babble run` with settings, templates and files, as a script uses it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { babble, type Ending } from './command.ts';

let home: string;
const seeded = ['run', '--engine', 'bigram-count', '--seed', '1337'];

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'babble-run-'));
  await mkdir(path.join(home, 'prompts'));
  const files = {
    'prompts/two.md': '+++\nname = "two"\ndescription = "d"\nmaxTokens = 2\n+++\n{{first}}{{second=}}',
    'prompts/broken.md': '+++\nname = "broken"\n+++\n',
    'start.txt': 'my',
    'binary.txt': 'a\0b',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(home, name), text);
});

afterAll(() => rm(home, { recursive: true, force: true }));

const run = (
  args: readonly string[],
  more: { input?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Ending> => babble([...seeded, ...args], { home, cwd: home, ...more });

test('a template: the text fills the variable that is open, the template its own limits', async () => {
  const { stdout, code } = await run(['--prompt', 'two', 'm']);
  expect(stdout).toMatch(/^[a-z]{2}\n$/);
  expect(code).toBe(0);
  const piped = await run(['--prompt', 'two', '--var', 'second=a'], { input: 'm\n' });
  const named = await run(['--prompt', 'two', '--var', 'second=a', '--var', 'first=m']);
  expect(piped.stdout).toBe(named.stdout);
  // What is asked for now goes before the template.
  expect((await run(['--prompt', 'two', 'm', '--max-tokens', '1'])).stdout).toMatch(/^[a-z]\n$/);
});

test.each([
  [['--prompt', 'three'], 2, 'No prompt is called "three".'],
  [['--prompt', 'broken', 'x'], 1, 'broken.md cannot be used: description'],
  [['--prompt', 'two', '--var', 'first=m', 'more'], 2, 'no place for the text'],
  [['--prompt', 'two', '--var', 'third=m', 'more'], 2, 'does not know third'],
  [['--var', 'first=m'], 2, '--var needs --prompt'],
  [['--attach', 'none.txt', 'x'], 1, 'There is no file none.txt.'],
  [['--attach', 'binary.txt', 'x'], 1, 'binary.txt is a binary file.'],
])('%j is refused', async (args, code, message) => {
  const ending = await run(args, { input: '' });
  expect(ending.stderr).toContain(message);
  expect([ending.stdout, ending.code]).toEqual(['', code]);
});

test('a file comes before the prompt on an engine that goes on from a text', async () => {
  const attached = await run(['--attach', 'start.txt', 'l'], { env: { BABBLE_MAX_TOKENS: '3' } });
  expect(attached.stdout).toBe((await run(['myl', '--max-tokens', '3'])).stdout);
});

test('settings: the environment goes before the file, a flag before both; what is wrong ends it', async () => {
  await mkdir(path.join(home, 'config'), { recursive: true });
  await writeFile(path.join(home, 'config', 'config.toml'), 'engine = "nonsense"\nmaxTokens = 1\n');
  const bare = (args: readonly string[], env: NodeJS.ProcessEnv) => babble(['run', ...args], { home, env });
  const seed = { BABBLE_SEED: '1337', BABBLE_ENGINE: 'bigram-count' };
  expect((await bare(['m'], seed)).stdout).toMatch(/^[a-z]\n$/);
  expect((await bare(['m'], { ...seed, BABBLE_MAX_TOKENS: '2' })).stdout).toMatch(/^[a-z]{2}\n$/);
  expect((await bare(['m'], {})).stderr).toContain('No engine is called "nonsense"');
  const wrong = await bare(['m'], { ...seed, BABBLE_MAX_TOKENS: 'many', BABBLE_TOP_P: '2' });
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toMatch(/2 problems:\n.*BABBLE_MAX_TOKENS.*\n.*BABBLE_TOP_P/);
  await rm(path.join(home, 'config'), { recursive: true });
});
