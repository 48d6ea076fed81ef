import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BotStore } from './store.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'babble-bot-store-'));
  file = path.join(folder, 'data', 'bot.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const request = {
  messages: [{ role: 'user' as const, content: 'hi' }],
  sampling: { seed: 1 },
  maxTokens: 5,
  systemPrompt: '',
  stop: [],
};
const answer = (id: string, userId = 'anna', guildId: string | null = 'home') => ({
  id,
  userId,
  guildId,
  channelId: 'general',
  engine: 'mlp',
  model: 'mlp',
  request,
  place: { kind: 'message' as const, replyTo: '1' },
});

test('an answer is found by its id and by each message that shows it, after a restart too', () => {
  {
    using store = new BotStore(file);
    store.createAnswer(answer('a'));
    store.saveText('a', 'hel');
    store.saveMessages('a', ['m1']);
    store.saveText('a', 'hello');
    store.saveMessages('a', ['m1', 'm2']);
  }
  using store = new BotStore(file);
  expect(store.answerOfMessage('m2')).toEqual({
    ...answer('a'),
    state: 'open',
    text: 'hello',
    messageIds: ['m1', 'm2'],
  });
  expect(store.openAnswers().map(({ id }) => id)).toEqual(['a']);
});

test('an unfinished answer is closed once, whichever process does it', () => {
  using first = new BotStore(file);
  using second = new BotStore(file);
  first.createAnswer(answer('a'));
  expect([first.markInterrupted('a'), second.markInterrupted('a')]).toEqual([true, false]);
  first.createAnswer(answer('b'));
  first.finishAnswer('b', 'done', { tokens: 3, tokensPerSecond: 10 });
  expect(second.markInterrupted('b')).toBe(false);
});

test('an event is new once, over restarts', () => {
  {
    using store = new BotStore(file);
    expect(store.firstSight('e1')).toBe(true);
  }
  using store = new BotStore(file);
  expect(store.firstSight('e1')).toBe(false);
  expect(store.firstSight('e2')).toBe(true);
});

test('channel settings change one by one', () => {
  using store = new BotStore(file);
  store.updateChannel('general', 'home', { engine: 'gpt' });
  store.updateChannel('general', 'home', { sampling: { temperature: 0 } });
  expect(store.channelSettings('general')).toEqual({ engine: 'gpt', sampling: { temperature: 0 } });
  store.resetChannel('general');
  expect(store.channelSettings('general')).toEqual({});
});

test('forgetting a person or a server leaves nothing of theirs', () => {
  using store = new BotStore(file);
  store.createAnswer(answer('a', 'anna'));
  store.saveMessages('a', ['m1']);
  store.createAnswer(answer('b', 'ben'));
  store.createAnswer(answer('c', 'ben', 'away'));
  store.updateChannel('general', 'home', { engine: 'gpt' });
  expect(store.forgetUser('anna')).toBe(1);
  expect(store.answerOfMessage('m1')).toBeUndefined();
  store.forgetGuild('home');
  expect(store.openAnswers().map(({ id }) => id)).toEqual(['c']);
  expect(store.channelSettings('general')).toEqual({});
});

test('a conversation in a channel goes on from its newest answer', () => {
  using store = new BotStore(file);
  store.createAnswer(answer('a'), 1);
  store.createAnswer(answer('b'), 2);
  expect(store.lastAnswerIn('general')?.id).toBe('b');
  expect(store.lastAnswerIn('elsewhere')).toBeUndefined();
});

test('statistics count finished answers by engine', () => {
  using store = new BotStore(file);
  for (const id of ['a', 'b']) {
    store.createAnswer(answer(id));
    store.finishAnswer(id, 'done', { tokens: 10, tokensPerSecond: id === 'a' ? 20 : 40 });
  }
  store.createAnswer(answer('open'));
  expect(store.stats('home')).toEqual([{ engine: 'mlp', answers: 2, tokens: 20, tokensPerSecond: 30 }]);
  expect(store.stats(null)).toEqual([]);
});

test('the file is the owner’s alone, and a newer one is refused untouched', () => {
  new BotStore(file)[Symbol.dispose]();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const db = new DatabaseSync(file);
  db.exec('PRAGMA user_version = 99');
  db.close();
  expect(() => new BotStore(file)).toThrow(expect.objectContaining({ code: 'STORE_TOO_NEW' }));
});
