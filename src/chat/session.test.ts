import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text as readAll } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../errors.ts';
import { openParrot } from './fixtures/parrot.ts';
import { createSession, resumeSession } from './session.ts';
import { openStore, type Store } from './store/store.ts';
import type { ChatPart, ChatSession, ChatSettings } from './types.ts';

const never = new AbortController().signal;
let folder: string;
let file: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'babble-session-'));
  file = path.join(folder, 'babble.db');
  store = openStore(file);
});
afterEach(() => {
  store[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

const open = (modelId: string, settings: Partial<ChatSettings> = {}): Promise<ChatSession> =>
  createSession({ store, engineId: 'parrot', modelId, settings, openEngine: openParrot });
const resume = (name: string) => resumeSession(name, { store, openEngine: openParrot });

async function collect(parts: AsyncIterable<ChatPart>): Promise<ChatPart[]> {
  const collected: ChatPart[] = [];
  for await (const part of parts) collected.push(part);
  return collected;
}
const textOf = (parts: readonly ChatPart[]) =>
  parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join('');
/** What the engine does may be told later than its last word. */
const endOf = (parts: readonly ChatPart[]) => parts.findLast(({ type }) => type !== 'engine-event');
const noticesOf = (parts: readonly ChatPart[]) =>
  parts.flatMap((part) => (part.type === 'notice' ? [part.text] : []));
/** Sends a text that the parrot repeats, and gives what it was asked. */
const ask = async (session: ChatSession, text: string) =>
  JSON.parse(textOf(await collect(session.send(text, never)))) as {
    prompt?: string;
    messages?: { role: string; content: string }[];
    maxTokens: number;
    sampling: object;
    stop?: string[];
  };
const contents = (session: ChatSession) => session.messages.map(({ content }) => content);
const stored = (session: ChatSession) => store.loadConversation(session.summary.id);

describe('a turn', () => {
  it('names the conversation to the engine, for what it may keep; not where nothing is kept', async () => {
    await using session = await open('completion');
    const asked = await collect(session.send('which conversation?', never));
    expect(textOf(asked)).toBe(session.summary.id);
    using nothing = openStore(':memory:');
    await using fleeting = await createSession({
      ...{ store: nothing, engineId: 'parrot', modelId: 'completion', openEngine: openParrot },
    });
    expect(textOf(await collect(fleeting.send('which conversation?', never)))).toBe('undefined');
  });

  it('gives a completion engine the text alone, and keeps question and answer', async () => {
    await using session = await open('completion', { sampling: { temperature: 0.5 }, stop: ['\n'] });
    expect(store.listConversations()).toEqual([]);
    expect(await ask(session, '')).toEqual({
      prompt: '',
      maxTokens: 500,
      sampling: { temperature: 0.5 },
      stop: ['\n'],
    });
    expect(await ask(session, 'mar')).toMatchObject({ prompt: 'mar' });
    expect(stored(session).messages).toEqual(session.messages);
    expect(session.messages[3]).toMatchObject({
      role: 'assistant',
      engineId: 'parrot',
      modelId: 'completion',
      reason: 'stop',
      seed: 42,
    });
    expect(session.summary).toEqual(stored(session).summary);
    expect(session.summary).toMatchObject({ title: 'mar', messageCount: 4 });
  });

  it('gives a chat engine the system prompt and the messages', async () => {
    await using session = await open('chat', { systemPrompt: 'Be kind.' });
    const parts = await collect(session.send('one', never));
    expect(parts.find((part) => part.type === 'engine-event')).toBeDefined();
    expect(endOf(parts)).toMatchObject({ type: 'finish', reason: 'stop' });
    const { messages, maxTokens } = await ask(session, 'two');
    expect(maxTokens).toBe(1024);
    expect(messages?.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
    expect(messages?.[0]?.content).toBe('Be kind.');
    expect(messages?.[2]?.content).toBe(textOf(parts));
  });

  it('takes settings for one answer only, sampling parameter by parameter', async () => {
    await using session = await open('chat', { sampling: { temperature: 0.5, topK: 3 }, systemPrompt: 'S' });
    const once = { sampling: { temperature: 0.1 }, stop: ['x'], systemPrompt: 'T' };
    const asked = JSON.parse(textOf(await collect(session.send('hi', never, { settings: once }))));
    expect(asked).toMatchObject({ sampling: { temperature: 0.1, topK: 3 }, stop: ['x'] });
    expect(asked.messages[0]).toEqual({ role: 'system', content: 'T' });
    expect((await ask(session, 'again')).messages?.[0]).toEqual({ role: 'system', content: 'S' });
    expect(session.settings).toMatchObject({ sampling: { temperature: 0.5, topK: 3 }, stop: [] });
    await expect(collect(session.send('hi', never, { settings: { maxTokens: 0 } }))).rejects.toMatchObject({
      code: 'INVALID_SETTING',
    });
  });

  it('is written under the eyes of who asked for that, token by token', async () => {
    await using session = await createSession({ store, engineId: 'bigram-count' });
    const choices = ['z', 'o'];
    session.watch({
      candidates: 27,
      choose: async (candidates) => {
        const token = candidates.find(({ text }) => text === choices[0]);
        choices.shift();
        return token ? { type: 'take', token } : { type: 'leave' };
      },
    });
    expect(textOf(await collect(session.send('', never)))).toBe('zo');
    choices.push('e');
    const parts = await collect(session.continueAnswer(never));
    expect(parts).toContainEqual(expect.objectContaining({ text: 'e', chosen: [expect.anything()] }));
    expect(contents(session)).toEqual(['', 'zoe']);
    expect(stored(session).messages.at(-1)).toMatchObject({ content: 'zoe', reason: 'abort' });
    session.watch(undefined);
    const [part] = (await collect(session.send('z', never))).filter(({ type }) => type === 'text-delta');
    expect(part).not.toHaveProperty('chosen');
  });

  it('cleans what is shown and what is stored, over part borders too', async () => {
    await using session = await open('chat');
    const text = textOf(await collect(session.send('hostile', never)));
    expect(text).toBe('alink👩‍👧.end');
    expect(stored(session).messages[1]?.content).toBe(text);
    await collect(session.send('user\u202e\x1b[2J', never));
    expect(stored(session).messages[2]?.content).toBe('user');
  });

  it('keeps the text of an answer that is stopped', async () => {
    await using session = await open('chat');
    const stop = new AbortController();
    const parts: ChatPart[] = [];
    for await (const part of session.send('endless', stop.signal)) {
      parts.push(part);
      if (textOf(parts).includes('5 ')) stop.abort();
    }
    expect(endOf(parts)).toMatchObject({ type: 'finish', reason: 'abort' });
    expect(stored(session).messages[1]).toMatchObject({ content: textOf(parts), reason: 'abort' });
  });

  it('keeps the text when the reader leaves', async () => {
    await using session = await open('chat');
    let text = '';
    for await (const part of session.send('endless', never)) {
      if (part.type === 'text-delta') text += part.text;
      if (text.includes('5 ')) break;
    }
    expect(stored(session).messages[1]).toMatchObject({ content: text, reason: null });
    expect(await ask(session, 'and now')).toBeDefined();
  });

  it('stores no answer when stopped before the engine began', async () => {
    await using session = await open('chat');
    const parts = await collect(session.send('hi', AbortSignal.abort()));
    expect(endOf(parts)).toMatchObject({ type: 'finish', reason: 'abort' });
    expect(contents(session)).toEqual(['hi']);
  });

  it('is one at a time', async () => {
    await using session = await open('chat');
    const stop = new AbortController();
    const turn = session.send('endless', stop.signal)[Symbol.asyncIterator]();
    await turn.next();
    await expect(collect(session.send('hi', never))).rejects.toMatchObject({ code: 'USAGE' });
    await expect(session.switchEngine('parrot', 'completion')).rejects.toMatchObject({ code: 'USAGE' });
    stop.abort();
    while (!(await turn.next()).done);
    expect(contents(session)[0]).toBe('endless');
  });
});

describe('trouble', () => {
  it('keeps text and conversation over a crash, says so, and goes on', async () => {
    await using session = await open('chat');
    await ask(session, 'first');
    const parts = await collect(session.send('crash', never));
    expect(textOf(parts)).toBe('so far');
    expect(endOf(parts)).toMatchObject({ type: 'notice', level: 'warning' });
    expect(noticesOf(parts)[0]).toMatch(/parrot stopped in the middle .* started again .* kept/);
    expect(stored(session).messages[3]).toMatchObject({ content: 'so far', reason: null });
    const { messages } = await ask(session, 'second');
    expect(messages?.map(({ content }) => content)).toEqual([
      'first',
      expect.any(String),
      'crash',
      'so far',
      'second',
    ]);
  });

  it('throws when the engine gives nothing, and keeps the question', async () => {
    await using crashing = await open('chat');
    await expect(collect(crashing.send('crash-first', never))).rejects.toMatchObject({
      code: 'ENGINE_CRASHED',
    });
    await using session = await open('chat');
    await expect(collect(session.send('Ünknown', never))).rejects.toMatchObject({
      code: 'TEXT_UNKNOWN_CHARACTERS',
    });
    expect(contents(session)).toEqual(['Ünknown']);
    expect(contents(crashing)).toEqual(['crash-first']);
    const { messages } = await ask(session, 'ok');
    expect(messages).toEqual([{ role: 'user', content: 'Ünknown\n\nok' }]);
  });

  it.skipIf(process.platform === 'win32')('loses at most the last batch to kill -9', async () => {
    const talker = fileURLToPath(new URL('./fixtures/talker.ts', import.meta.url));
    const child = spawn(process.execPath, [talker, file, 'endless'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    for await (const line of createInterface({ input: child.stdout })) {
      printed += (JSON.parse(line) as { text?: string }).text ?? '';
      if (printed.length > 20_000 && !child.killed) child.kill('SIGKILL');
    }
    const conversation = store.listConversations()[0]!;
    const { messages } = store.loadConversation(conversation.id);
    const answer = messages[1]!;
    const count = answer.content.trim().split(' ').length;
    expect(answer.content).toBe(Array.from({ length: count }, (_, i) => `${i} `).join(''));
    expect(answer.content.length).toBeGreaterThan(20_000 - 4096);
    expect(answer.reason).toBeNull();
  });

  it.skipIf(process.platform === 'win32')('goes on in memory when the disk is full', async () => {
    const talker = fileURLToPath(new URL('./fixtures/talker.ts', import.meta.url));
    const limited = path.join(folder, 'limited.db');
    openStore(limited)[Symbol.dispose]();
    // A limit on the size of files stands for a disk that fills up while the answer streams.
    const long = 'x'.repeat(100_000);
    const command = 'ulimit -f 128; exec "$0" "$@"';
    const args = [talker, limited, 'small', long, 'still here'];
    const child = spawn('bash', ['-c', command, process.execPath, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = (await readAll(child.stdout)).trim().split('\n');
    const parts = lines.map((line) => JSON.parse(line) as ChatPart);
    if (child.exitCode === null) await once(child, 'exit');
    expect(child.exitCode).toBe(0);
    const warnings = noticesOf(parts).filter((text) => text.includes('could not be saved'));
    expect(warnings).toHaveLength(1);
    expect(parts.at(-1)).toMatchObject({ messages: { length: 6 } });
    using rest = openStore(limited);
    expect(rest.loadConversation(rest.listConversations()[0]!.id).messages[0]?.content).toBe('small');
  });
});

describe('branches', () => {
  it('regenerates as a sibling', async () => {
    await using session = await open('chat');
    await ask(session, 'hello');
    const first = session.messages[1]!;
    await collect(session.regenerate(never));
    const second = session.messages[1]!;
    expect(session.branches(second.id).map(({ id }) => id)).toEqual([first.id, second.id]);
    session.checkout(first.id);
    expect(session.messages[1]).toEqual(first);
    await using again = await resume(session.summary.id);
    expect(again.messages).toEqual(session.messages);
    expect(again.branches(first.id)).toHaveLength(2);
  });

  it('edits an earlier message on a branch, and loses none', async () => {
    await using session = await open('chat');
    await ask(session, 'one');
    await ask(session, 'two');
    const before = session.messages;
    await collect(session.edit(before[2]!.id, 'three', never));
    expect(contents(session)[2]).toBe('three');
    expect(session.messages).toHaveLength(4);
    await collect(session.edit(before[1]!.id, 'my own words', never));
    expect(contents(session)).toEqual(['one', 'my own words']);
    session.checkout(before[2]!.id);
    expect(session.messages).toEqual(before);
    expect(stored(session).messages).toHaveLength(7);
  });

  it('goes on from the words of an answer', async () => {
    await using session = await open('completion');
    await ask(session, 'Once');
    const answer = contents(session)[1]!;
    const parts = await collect(session.continueAnswer(never));
    expect(JSON.parse(textOf(parts))).toMatchObject({ prompt: `Once${answer}` });
    expect(contents(session)[1]).toBe(answer + textOf(parts));
    await session.switchEngine('parrot', 'chat');
    const { messages } = JSON.parse(textOf(await collect(session.continueAnswer(never))));
    expect(messages).toEqual([
      { role: 'user', content: 'Once' },
      { role: 'assistant', content: answer + textOf(parts) },
    ]);
    expect(stored(session).messages).toEqual(expect.arrayContaining([...session.messages]));
  });

  it('steps back', async () => {
    await using session = await open('chat');
    expect(session.undo()).toBeUndefined();
    await ask(session, 'one');
    await ask(session, 'two');
    expect(session.undo()).toBe('two');
    expect(contents(session)).toHaveLength(2);
    expect(session.undo()).toBe('one');
    expect(session.messages).toEqual([]);
    expect(stored(session).messages).toHaveLength(4);
    await expect(collect(session.regenerate(never))).rejects.toMatchObject({ code: 'USAGE' });
    await expect(collect(session.continueAnswer(never))).rejects.toMatchObject({ code: 'USAGE' });
  });
});

describe('switching', () => {
  it('keeps the conversation and says once what the next engine is not given', async () => {
    await using session = await open('chat');
    const events: string[] = [];
    session.subscribe((event) => events.push(event.type));
    await ask(session, 'one');
    await session.switchEngine('parrot', 'completion');
    expect(events).toContain('load-progress');
    expect(session.engineInfo?.kind).toBe('completion');
    const parts = await collect(session.send('two', never));
    expect(noticesOf(parts)).toEqual([
      'completion goes on from one text: it is not given the 2 earlier messages.',
    ]);
    expect(noticesOf(await collect(session.send('three', never)))).toEqual([]);
    expect(stored(session).summary.modelId).toBe('completion');
    await session.switchEngine('parrot', 'chat');
    expect((await ask(session, 'four')).messages).toHaveLength(7);
  });

  it('stays on the engine when the other cannot be had', async () => {
    await using session = await open('chat');
    await ask(session, 'one');
    await expect(session.switchEngine('nothing')).rejects.toMatchObject({ code: 'UNKNOWN_ENGINE' });
    await expect(session.switchEngine('parrot', 'unloadable')).rejects.toMatchObject({
      code: 'ENGINE_LOAD_FAILED',
    });
    expect(session.modelId).toBe('chat');
    expect((await ask(session, 'two')).messages).toHaveLength(3);
  });

  it('leaves the oldest messages out when they do not fit, and says so', async () => {
    await using session = await open('small', { systemPrompt: 'sys', maxTokens: 40 });
    const first = await collect(session.send('a'.repeat(30), never)); // its answer is longer than the context
    expect(noticesOf(first)).toEqual([]);
    const parts = await collect(session.send('b'.repeat(30), never));
    expect(noticesOf(parts)).toEqual([
      'small reads at most 100 tokens: it is not given the 2 oldest messages.',
    ]);
    const { messages } = JSON.parse(textOf(parts)) as { messages: unknown };
    expect(messages).toEqual([
      { role: 'system', content: 'sys' },
      { role: 'user', content: 'b'.repeat(30) },
    ]);
  });

  it('asks again with less when the engine finds it too long', async () => {
    await using session = await open('strict');
    await ask(session, 'one'); // its answer is longer than 40 characters
    const parts = await collect(session.send('two', never));
    expect(JSON.parse(textOf(parts)).messages).toEqual([{ role: 'user', content: 'two' }]);
    expect(noticesOf(parts).at(-1)).toMatch(/not given the 2 oldest messages/);
    await expect(collect(session.send('x'.repeat(50), never))).rejects.toMatchObject({
      code: 'CONTEXT_FULL',
    });
  });
});

describe('keeping', () => {
  it('takes up a conversation by its title, settings and all', async () => {
    {
      await using session = await open('chat', { systemPrompt: 'sys' });
      session.updateSettings({ sampling: { temperature: 2, seed: 1 }, maxTokens: 9 });
      session.rename('My \x1b[1mtalk\n');
      await ask(session, 'one');
      session.updateSettings({ stop: ['END'] });
    }
    await using session = await resume('my talk');
    expect(session.summary.title).toBe('My talk');
    expect(session.settings).toEqual({
      sampling: { temperature: 2, seed: 1 },
      maxTokens: 9,
      stop: ['END'],
      systemPrompt: 'sys',
    });
    expect(contents(session)[0]).toBe('one');
    expect((await ask(session, 'two')).messages).toHaveLength(4);
  });

  it('refuses settings that cannot be', async () => {
    await using session = await open('chat');
    expect(() => session.updateSettings({ sampling: { topP: 2 } })).toThrow(AppError);
    expect(() => session.updateSettings({ maxTokens: 0.5 })).toThrow(/maxTokens/);
    await expect(open('chat', { stop: [''] })).rejects.toMatchObject({ code: 'INVALID_SETTING' });
  });

  it('keeps both branches of two sessions on one conversation', async () => {
    await using one = await open('chat');
    await ask(one, 'root');
    await using two = await resume(one.summary.id);
    await Promise.all([ask(one, 'from one'), ask(two, 'from two')]);
    const { messages } = stored(one);
    expect(messages).toHaveLength(6);
    expect(messages).toEqual(expect.arrayContaining([...one.messages, ...two.messages]));
  });

  it('opens a conversation whose engine has gone, and goes on with another', async () => {
    store.createConversation({
      id: 'orphan',
      origin: '',
      engineId: 'extinct',
      modelId: 'dodo',
      settings: {},
      createdAt: '2026-01-01T00:00:00.000Z',
    });
    await using session = await resume('orphan');
    await expect(session.load()).rejects.toMatchObject({ code: 'UNKNOWN_ENGINE' });
    await expect(collect(session.send('hello', never))).rejects.toMatchObject({ code: 'UNKNOWN_ENGINE' });
    await session.switchEngine('parrot', 'chat');
    await collect(session.regenerate(never));
    expect(contents(session)).toHaveLength(2);
  });
});

it('talks with a shipped model, in a process of its own', async () => {
  await using session = await createSession({ store, engineId: 'bigram-count' });
  session.updateSettings({ sampling: { seed: 1337 } });
  const name = textOf(await collect(session.send('', never)));
  expect(name).toBe('myliena');
  expect(session.summary.title).toBe('myliena');
});
