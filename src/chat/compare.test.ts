import { afterEach, beforeEach, expect, it } from 'vitest';
import type { EngineClient } from '../engines/host/types.ts';
import { AppError } from '../errors.ts';
import type { OpenEngine } from './engine-link.ts';
import { openParrot } from './fixtures/parrot.ts';
import { merge } from './merge.ts';
import { createSession } from './session.ts';
import { openStore, type Store } from './store/store.ts';
import type { ChatSession, ComparePart, EngineAddress } from './types.ts';

const never = new AbortController().signal;
let store: Store;
beforeEach(() => {
  store = openStore(':memory:');
});
afterEach(() => store[Symbol.dispose]());

const open = (openEngine: OpenEngine = openParrot) =>
  createSession({ store, engineId: 'parrot', modelId: 'chat', openEngine });
const parrots = (...modelIds: string[]): EngineAddress[] =>
  modelIds.map((modelId) => ({ engineId: 'parrot', modelId }));

/** All parts of a comparison by engine. */
async function compare(session: ChatSession, text: string | undefined, engines: EngineAddress[]) {
  const columns = engines.map((): ComparePart['part'][] => []);
  for await (const { index, part } of session.compare(text, engines, never)) columns[index]!.push(part);
  return columns;
}
const last = (parts: readonly ComparePart['part'][]) => parts.at(-1);
const contents = (session: ChatSession) => session.messages.map(({ content }) => content);

it('asks every engine the same, keeps each answer as a branch, and stays where it was', async () => {
  await using session = await open();
  for await (const _ of session.send('nothing', never));
  const before = session.messages;
  const columns = await compare(session, 'hello', parrots('completion', 'chat', 'small'));
  expect(session.messages).toEqual(before);
  const answers = columns.map((parts) => {
    const part = last(parts);
    if (part?.type !== 'answer') throw new Error(`no answer: ${JSON.stringify(part)}`);
    return part.message;
  });
  expect(answers.map(({ modelId, reason }) => [modelId, reason])).toEqual([
    ['completion', 'stop'],
    ['chat', 'stop'],
    ['small', 'stop'],
  ]);
  expect(JSON.parse(answers[0]!.content)).toMatchObject({ prompt: 'hello', maxTokens: 500 });
  expect(JSON.parse(answers[1]!.content)).toMatchObject({
    messages: [{ content: 'nothing\n\nhello' }],
    maxTokens: 1024,
  });
  // The continuation is not given the earlier message, and that is said in its column.
  expect(columns[0]!.filter(({ type }) => type === 'notice')).toHaveLength(1);
  // All of it is in the store, where the next sitting finds it.
  const stored = store.loadConversation(session.summary.id);
  expect(stored.head).toBe(before.at(-1)!.id);
  expect(stored.messages.slice(-3).map(({ parentId }) => parentId)).toEqual(
    Array(3).fill(answers[0]!.parentId),
  );
  expect(
    session
      .forks()
      .at(-1)
      ?.map(({ content }) => content),
  ).toEqual(['hello']);
  session.checkout(answers[2]!.id);
  expect(contents(session)).toEqual(['nothing', '', 'hello', answers[2]!.content]);
});

it('asks the last question again when it is given no text', async () => {
  await using session = await open();
  await expect(compare(session, undefined, parrots('chat'))).rejects.toThrow('no message');
  for await (const _ of session.send('hello', never));
  await compare(session, undefined, parrots('completion', 'small'));
  expect(session.branches(session.messages[1]!.id)).toHaveLength(3);
});

it('refuses an engine that is not there before anything is asked', async () => {
  await using session = await open();
  const engines = [...parrots('chat'), { engineId: 'nonsense' }];
  await expect(compare(session, 'hello', engines)).rejects.toThrow('No engine is called "nonsense"');
  expect(session.conversation.messages).toEqual([]);
});

it('an engine that fails does not take the others with it; a stop stops all', async () => {
  await using session = await open();
  const columns = await compare(session, 'hello', parrots('unloadable', 'chat'));
  expect(last(columns[0]!)).toMatchObject({ type: 'failed', error: { code: 'ENGINE_LOAD_FAILED' } });
  expect(last(columns[1]!)).toMatchObject({ type: 'answer' });
  const stop = new AbortController();
  const heard = new Set<number>();
  const ends: ComparePart['part'][] = [];
  for await (const { index, part } of session.compare('endless', parrots('chat', 'small'), stop.signal)) {
    if (part.type === 'text-delta') heard.add(index);
    if (part.type === 'answer') ends.push(part);
    if (heard.size === 2) stop.abort();
  }
  expect(ends).toMatchObject([{ message: { reason: 'abort' } }, { message: { reason: 'abort' } }]);
  // The session is free again.
  for await (const _ of session.send('nothing', never));
});

it('engines that do not fit in memory together answer one after the other', async () => {
  const loaded = new Set<string>();
  const openOneAtATime: OpenEngine = async (engineId, modelId = 'chat') => {
    const client = await openParrot(engineId, modelId);
    const alone: Pick<EngineClient, 'load' | typeof Symbol.asyncDispose> = {
      async load(signal) {
        if ([...loaded].some((other) => other !== modelId))
          throw new AppError('MODEL_TOO_LARGE', 'There is room for one.');
        loaded.add(modelId);
        return client.load(signal);
      },
      async [Symbol.asyncDispose]() {
        loaded.delete(modelId);
        await client[Symbol.asyncDispose]();
      },
    };
    return new Proxy(client, {
      get: (target, key) => {
        const value: unknown = Reflect.get(key in alone ? alone : target, key);
        return typeof value === 'function' && !(key in alone) ? value.bind(target) : value;
      },
    });
  };
  await using session = await open(openOneAtATime);
  const columns = await compare(session, 'hello', parrots('completion', 'chat', 'small'));
  for (const parts of columns) expect(last(parts)).toMatchObject({ type: 'answer' });
});

it('merges streams as their parts come, and ends all when the reader leaves', async () => {
  const first = Promise.withResolvers<string>();
  const ended: string[] = [];
  async function* stream(name: string, parts: readonly (string | Promise<string>)[]) {
    try {
      for (const part of parts) yield await part;
    } finally {
      ended.push(name);
    }
  }
  const merged = merge(
    [stream('slow', [first.promise, 'b']), stream('quick', ['1', '2'])],
    new AbortController(),
  );
  const seen: string[] = [];
  for await (const { index, part } of merged) {
    seen.push(`${index}${part}`);
    if (part === '2') first.resolve('a');
    if (part === 'a') break;
  }
  expect(seen).toEqual(['11', '12', '0a']);
  expect(ended).toEqual(['quick', 'slow']);
});

it('stops a stream that has nothing to say when the reader leaves', async () => {
  const controller = new AbortController();
  async function* silent() {
    const { promise, resolve } = Promise.withResolvers<void>();
    controller.signal.addEventListener('abort', () => resolve());
    await promise;
    yield 'too late';
  }
  async function* talking() {
    yield 'hello';
  }
  for await (const { part } of merge([silent(), talking()], controller)) {
    expect(part).toBe('hello');
    break;
  }
  expect(controller.signal.aborted).toBe(true);
});
