import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { History } from './history.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'babble-history-'));
  file = path.join(folder, 'new', 'history.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function reopen(): Promise<History> {
  const history = new History(file);
  await history.load();
  return history;
}

test('keeps what was sent for the next sitting, line ends and all, for nobody else to read', async () => {
  const history = await reopen();
  for (const entry of ['one', 'two\nlines', 'two\nlines', '  ', '漢字']) await history.add(entry);
  expect(history.entries).toEqual(['one', 'two\nlines', '漢字']);
  expect((await reopen()).entries).toEqual(['one', 'two\nlines', '漢字']);
  if (process.platform !== 'win32') expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('two babbles at once add to the same file', async () => {
  const [first, second] = [await reopen(), await reopen()];
  await Promise.all([first.add('from the first'), second.add('from the second')]);
  expect((await reopen()).entries.toSorted()).toEqual(['from the first', 'from the second']);
});

test('reads past broken lines, and cuts a long file to its newest thousand', async () => {
  await (await reopen()).add('makes the folder');
  const lines = Array.from({ length: 2500 }, (_, i) => JSON.stringify(`entry ${i}`));
  await writeFile(file, ['{broken', '42', ...lines].join('\n'));
  const history = await reopen();
  expect(history.entries).toHaveLength(1000);
  expect(history.entries.at(-1)).toBe('entry 2499');
  expect((await readFile(file, 'utf8')).trim().split('\n')).toHaveLength(1000);
});

test('a place that cannot be written costs the history, not the chat', async () => {
  await writeFile(path.join(folder, 'new'), 'a file where the folder should be');
  const history = await reopen();
  await history.add('kept in memory');
  expect(history.entries).toEqual(['kept in memory']);
});
