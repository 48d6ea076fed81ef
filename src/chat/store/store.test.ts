import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../errors.ts';
import { savedStates } from '../../paths.ts';
import type { StoredMessage } from '../types.ts';
import { migrations } from './schema.ts';
import { openStore, type Store } from './store.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'babble-store-'));
  file = path.join(folder, 'data', 'babble.db');
  vi.stubEnv('BABBLE_HOME', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const at = '2026-01-02T03:04:05.000Z';
const conversation = (id: string, origin = '') => ({
  id,
  origin,
  engineId: 'mlp',
  modelId: 'mlp',
  settings: { sampling: { temperature: 0.5, seed: 7 } },
  createdAt: at,
});
const message = (id: string, parentId: string | null, content: string): StoredMessage => ({
  id,
  parentId,
  role: 'user',
  content,
  createdAt: at,
});
const answer = (id: string, parentId: string | null, content = ''): StoredMessage => ({
  ...message(id, parentId, content),
  role: 'assistant',
  engineId: 'mlp',
  modelId: 'mlp',
  reason: null,
});
const usage = { promptTokens: 1, generatedTokens: 2, firstTokenMs: 3, tokensPerSecond: 4 };

function errorOf(work: () => unknown): AppError {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a store', () => {
  it('tallies votes, a tie as half a win', () => {
    const [mlp, gpt, llama] = ['mlp', 'gpt', 'llama'].map((id) => ({ engineId: id, modelId: id })) as [
      { engineId: string; modelId: string },
      { engineId: string; modelId: string },
      { engineId: string; modelId: string },
    ];
    {
      using store = openStore(file);
      store.addVote({ first: mlp, second: gpt, winner: 'second' });
      store.addVote({ first: gpt, second: mlp, winner: 'tie' });
      store.addVote({ first: llama, second: mlp, winner: 'first' });
    }
    using store = openStore(file);
    expect(store.tallyVotes()).toEqual([
      { ...llama, wins: 1, losses: 0, ties: 0 },
      { ...gpt, wins: 1, losses: 0, ties: 1 },
      { ...mlp, wins: 0, losses: 2, ties: 1 },
    ]);
  });

  it('keeps a conversation with its branches over a restart', () => {
    {
      using store = openStore(file);
      store.createConversation(conversation('one'));
      store.addMessage('one', message('u', null, 'Hello there'));
      store.addMessage('one', answer('a', 'u'));
      store.appendText('a', 'Good ');
      store.appendText('a', 'day');
      store.finishMessage('a', { reason: 'stop', usage, seed: 2 ** 52 });
      store.addMessage('one', answer('b', 'u', 'cut off'));
      store.updateConversation('one', { head: 'a', engineId: 'gpt', modelId: 'gpt' });
    }
    using store = openStore(file);
    const { summary, head, settings, messages } = store.loadConversation('one');
    expect(summary).toEqual({
      id: 'one',
      title: 'Hello there',
      engineId: 'gpt',
      modelId: 'gpt',
      createdAt: at,
      updatedAt: at,
      messageCount: 3,
    });
    expect(head).toBe('a');
    expect(settings).toEqual({ sampling: { temperature: 0.5, seed: 7 } });
    expect(messages).toEqual([
      message('u', null, 'Hello there'),
      { ...answer('a', 'u', 'Good day'), reason: 'stop', usage, seed: 2 ** 52 },
      answer('b', 'u', 'cut off'),
    ]);
  });

  it('never changes the text of an answer that has ended', () => {
    using store = openStore(file);
    store.createConversation(conversation('one'));
    store.addMessage('one', answer('a', null, 'text'));
    store.finishMessage('a', { reason: 'length' });
    store.appendText('a', ' more');
    store.finishMessage('a', { reason: 'stop' });
    expect(store.loadConversation('one').messages[0]).toMatchObject({ content: 'text', reason: 'length' });
  });

  it('lists the newest first, by origin, with a title for each', () => {
    using store = openStore(file);
    store.createConversation(conversation('empty-one'));
    store.createConversation({ ...conversation('names'), createdAt: '2026-02-01T00:00:00.000Z' });
    store.addMessage('names', { ...message('u', null, ''), createdAt: '2026-02-02T00:00:00.000Z' });
    store.addMessage('names', { ...answer('a', 'u', 'emma\x1b[2J'), createdAt: '2026-02-03T00:00:00.000Z' });
    store.createConversation(conversation('discord', 'discord:1/2'));
    store.addMessage('discord', message('d', null, `${'long '.repeat(50)}`));
    expect(store.listConversations({ origin: '' }).map(({ title }) => title)).toEqual(['emma', 'Untitled']);
    expect(store.listConversations({ limit: 1 }).map(({ id }) => id)).toEqual(['names']);
    expect(store.listConversations({ origin: 'discord:1/2' })[0]?.title).toMatch(/^(long )+long…$/);
  });

  it('finds a conversation by id, the beginning of an id, or title', () => {
    using store = openStore(file);
    for (const id of ['abcd-1', 'abcd-2', 'efgh-1']) store.createConversation(conversation(id));
    store.updateConversation('abcd-2', { title: 'Names' });
    expect(store.loadConversation('abcd-1').summary.id).toBe('abcd-1');
    expect(store.loadConversation('efgh').summary.id).toBe('efgh-1');
    expect(store.loadConversation('names').summary.id).toBe('abcd-2');
    for (const name of ['abcd', 'efg', 'zzzz', '%%%%'])
      expect(errorOf(() => store.loadConversation(name)).code).toBe('CONVERSATION_NOT_FOUND');
  });

  it('finds words in every branch, also parts of words, other scripts and answers that were cut', () => {
    using store = openStore(file);
    store.createConversation(conversation('one'));
    store.addMessage('one', message('u', null, 'Where is the Élysée "palace" AND garden?'));
    store.addMessage('one', answer('a', 'u'));
    store.appendText('a', '東京タワーの高さは333メートル');
    store.finishMessage('a', { reason: 'stop' });
    store.addMessage('one', answer('b', 'u', 'a 100% cut answer'));
    const find = (query: string) => store.search(query).map((hit) => hit.message.id);
    expect(find('elysee garden')).toEqual(['u']);
    expect(find('"palace"')).toEqual(['u']);
    expect(find('palac NEAR')).toEqual([]);
    expect(find('タワー')).toEqual(['a']);
    expect(find('東京')).toEqual(['a']);
    expect(find('cut answ')).toEqual(['b']);
    expect(find('0%')).toEqual(['b']);
    expect(find('a_1')).toEqual([]);
    expect(find('  ')).toEqual([]);
    expect(store.search('palace')[0]).toMatchObject({
      conversation: { id: 'one' },
      excerpt: 'Where is the Élysée "palace" AND garden?',
    });
  });

  it('deletes for good: no trace in any file', () => {
    using store = openStore(file);
    store.createConversation(conversation('one'));
    store.transaction(() => {
      let parent: string | null = null;
      for (let i = 0; i < 1500; i++) {
        store.addMessage('one', message(`m${i}`, parent, `confidential${i}`));
        parent = `m${i}`;
      }
    });
    // An engine's share of it lies beside.
    const engines = Object.values(savedStates().filesOf('one'));
    mkdirSync(savedStates().folder, { recursive: true });
    for (const saved of engines) writeFileSync(saved, 'confidential');
    store.deleteConversation('one');
    expect(engines.filter(existsSync)).toEqual([]);
    expect(existsSync(savedStates().deletionMark('one'))).toBe(true);
    expect(store.search('confidential')).toEqual([]);
    expect(store.listConversations()).toEqual([]);
    for (const name of readdirSync(path.dirname(file)))
      expect(readFileSync(path.join(path.dirname(file), name)).includes('confid')).toBe(false);
  });

  it('keeps settings as JSON', () => {
    using store = openStore(file);
    store.setSetting('engine', { id: 'mlp', kinds: [1, null] });
    store.setSetting('engine', { id: 'gpt' });
    store.setSetting('theme', 'dark');
    store.setSetting('theme', undefined);
    expect(store.getSetting('engine')).toEqual({ id: 'gpt' });
    expect(store.getSetting('theme')).toBeUndefined();
  });

  it('keeps all of a transaction or none', () => {
    using store = openStore(file);
    store.createConversation(conversation('one'));
    expect(() =>
      store.transaction(() => {
        store.addMessage('one', message('u', null, 'x'));
        store.addMessage('nowhere', message('v', null, 'y'));
      }),
    ).toThrow(AppError);
    expect(store.loadConversation('one').messages).toEqual([]);
  });

  it.skipIf(process.platform === 'win32')('is private: files 0600, folder 0700', () => {
    using store = openStore(file);
    store.setSetting('a', 1);
    const mode = (name: string) => (statSync(name).mode & 0o777).toString(8);
    expect(mode(path.dirname(file))).toBe('700');
    expect([file, `${file}-wal`, `${file}-shm`].map(mode)).toEqual(['600', '600', '600']);
  });
});

describe('several babbles at once', () => {
  const writer = fileURLToPath(new URL('../fixtures/writer.ts', import.meta.url));
  const start = async (...args: string[]): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [writer, file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout!, 'data');
    return child;
  };

  it('lose nothing, in the same conversation too', async () => {
    {
      using store = openStore(file);
      for (const id of ['shared', 'own']) {
        store.createConversation(conversation(id));
        store.addMessage(id, message(`root-${id}`, null, 'hello'));
      }
    }
    const children = await Promise.all([
      start('shared', 'root-shared', '60'),
      start('shared', 'root-shared', '60'),
      start('own', 'root-own', '60'),
    ]);
    const exits = children.map(async (child) => {
      child.stdin!.write('go\n');
      const [exitCode] = await once(child, 'exit');
      return exitCode;
    });
    expect(await Promise.all(exits)).toEqual([0, 0, 0]);

    using store = openStore(file);
    const { messages } = store.loadConversation('shared');
    expect(messages).toHaveLength(121);
    for (const child of children.slice(0, 2)) {
      const branch = messages.filter(({ id }) => id.startsWith(`${child.pid}-`));
      expect(branch.map(({ content }) => content)).toEqual(
        Array.from({ length: 60 }, (_, i) => `words ${i} of ${child.pid}`),
      );
      expect(branch[0]?.parentId).toBe('root-shared');
    }
    expect(store.loadConversation('own').messages).toHaveLength(61);
  });

  it('create the database together', async () => {
    const children = await Promise.all(Array.from({ length: 4 }, () => start('none', 'none', '0')));
    const exits = children.map(async (child) => {
      child.stdin!.write('go\n');
      return (await once(child, 'exit'))[0];
    });
    expect(await Promise.all(exits)).toEqual([0, 0, 0, 0]);
  });
});

describe('trouble', () => {
  it('moves a damaged file aside, deletes nothing, and starts afresh', () => {
    mkdirSync(path.dirname(file));
    const rubbish = 'this is no database at all, but it is somebody’s data '.repeat(100);
    writeFileSync(file, rubbish);
    const error = errorOf(() => openStore(file));
    expect(error.code).toBe('STORE_FAILED');
    const aside = readdirSync(path.dirname(file)).find((name) => name.includes('damaged'));
    expect(error.message).toContain(aside);
    expect(readFileSync(path.join(path.dirname(file), aside!), 'utf8')).toBe(rubbish);
    using store = openStore(file);
    expect(store.warning).toBeUndefined();
  });

  it('says what to do about damage that is found later', () => {
    const fill = (store: Store) => {
      store.createConversation(conversation('one'));
      for (let i = 0; i < 200; i++) store.addMessage('one', message(`m${i}`, null, 'x'.repeat(1000)));
    };
    {
      using store = openStore(file);
      fill(store);
    }
    const bytes = readFileSync(file);
    bytes.fill(0xa5, 4096 * 4);
    writeFileSync(file, bytes);
    const error = errorOf(() => {
      using store = openStore(file);
      store.loadConversation('one');
    });
    expect(error.code).toBe('STORE_FAILED');
    expect(error.message + error.hint).toMatch(/damaged/);
  });

  it('takes a database of the first schema over, with all it holds', () => {
    mkdirSync(path.dirname(file));
    const old = new DatabaseSync(file);
    old.exec(migrations[0]!);
    old.exec(`PRAGMA user_version = 1`);
    old.exec(
      `INSERT INTO conversations (id, engine_id, model_id, created_at, updated_at)
       VALUES ('old', 'mlp', 'mlp', '${at}', '${at}')`,
    );
    old.close();
    using store = openStore(file);
    expect(store.loadConversation('old').summary.engineId).toBe('mlp');
    expect(store.tallyVotes()).toEqual([]);
  });

  it('refuses a database of a newer babble and leaves it as it is', () => {
    openStore(file)[Symbol.dispose]();
    const database = new DatabaseSync(file);
    database.exec(`PRAGMA user_version = ${migrations.length + 1}`);
    database.close();
    const before = readFileSync(file);
    expect(errorOf(() => openStore(file)).code).toBe('STORE_TOO_NEW');
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('works in memory, with a warning, where no file can be', () => {
    writeFileSync(path.join(folder, 'data'), 'a file where the folder should be');
    using store = openStore(file);
    expect(store.file).toBeUndefined();
    expect(store.warning).toMatch(/cannot be saved .* in memory/);
    store.createConversation(conversation('one'));
    expect(store.listConversations()).toHaveLength(1);
    expect(existsSync(file)).toBe(false);
  });
});
