/** A conversation goes on where its engine was unloaded: with the shipped toy LLaMA. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { savedStates, shippedModels } from '../../paths.ts';
import type { Engine, GenerateRequest, LoadSettings, Usage } from '../engine.ts';
import { createEngineClient } from '../host/client.ts';
import { llama } from './engine.ts';
import { type KvContext, KvStore } from './kv-store.ts';

const signal = new AbortController().signal;
const model = { id: 'toy', path: path.join(shippedModels, 'tiny-llama-gguf') };
const first =
  'ROMEO:\nWhat light through yonder window breaks? It is the east, and Juliet is the sun.\n\nJULIET:\n';

let home: string;
const before = process.env['BABBLE_HOME'];
beforeAll(() => {
  home = mkdtempSync(path.join(tmpdir(), 'babble-kv-'));
  process.env['BABBLE_HOME'] = home;
});
afterEach(() => rmSync(path.join(home, 'cache'), { recursive: true, force: true }));
afterAll(() => {
  if (before === undefined) delete process.env['BABBLE_HOME'];
  else process.env['BABBLE_HOME'] = before;
  rmSync(home, { recursive: true });
});

interface Turn {
  readonly text: string;
  readonly usage: Usage;
}

/** One turn on an engine of its own, which is unloaded afterwards. */
async function turn(
  prompt: string,
  settings: LoadSettings = {},
  more: Partial<GenerateRequest> = { cacheKey: 'talk' },
) {
  await using engine = await llama.load(model, {
    signal,
    settings: { threads: 1, ...settings },
    onProgress() {},
  });
  return await ask(engine, prompt, more);
}

async function ask(
  engine: Pick<Engine, 'generate'>,
  prompt: string,
  more: Partial<GenerateRequest>,
): Promise<Turn> {
  const defaults = { prompt, maxTokens: 24, sampling: { temperature: 0 }, signal };
  let text = '';
  for await (const part of engine.generate({ ...defaults, ...more })) {
    if (part.type === 'text-delta') text += part.text;
    else return { text, usage: part.usage };
  }
  throw new Error('the stream ended without a finish');
}

const stored = () => (existsSync(savedStates().folder) ? readdirSync(savedStates().folder).toSorted() : []);
const { state, description } = (() => {
  const name = (ending: string) => () => path.join(savedStates().folder, `talk.${ending}`);
  return { state: name('state'), description: name('json') };
})();

describe('after the engine was unloaded', () => {
  test('the next turn evaluates only what is new, and says the same', async () => {
    const one = await turn(first);
    expect(one.usage.cachedTokens).toBe(0);
    const second = `${first}${one.text}\n\nNURSE:\n`;
    const restored = await turn(second);
    // What an engine says that was not unloaded in between.
    await using live = await llama.load(model, { signal, settings: { threads: 1 }, onProgress() {} });
    await ask(live, first, {});
    expect(restored).toMatchObject({ text: (await ask(live, second, {})).text });
    expect(restored.usage.cachedTokens).toBeGreaterThanOrEqual(one.usage.promptTokens);
  });

  test('through a process of its own too, which ends when the conversation is left', async () => {
    const open = () => createEngineClient({ engine: 'llama', model, settings: { threads: 1 } });
    const one = await (async () => {
      await using client = open();
      return await ask(client, first, { cacheKey: 'talk' });
    })();
    await using client = open();
    const two = await ask(client, first + one.text, { cacheKey: 'talk' });
    expect(two.usage.cachedTokens).toBeGreaterThanOrEqual(one.usage.promptTokens);
  });

  test('what was computed is readable by its owner only', async () => {
    await turn(first);
    expect(stored()).toEqual(['talk.json', 'talk.state']);
    for (const file of [state(), description()]) expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(savedStates().folder).mode & 0o777).toBe(0o700);
  });

  test('nothing is kept without a key, of a short talk, or where it is not wanted', async () => {
    await turn(first, {}, {});
    await turn('ROMEO:', {});
    await turn(first, { keepState: false });
    expect(stored()).toEqual([]);
  });

  test.each<[string, () => void]>([
    ['a damaged state', () => writeFileSync(state(), flipped(readFileSync(state())))],
    ['a state cut short', () => writeFileSync(state(), readFileSync(state()).subarray(0, 1000))],
    ['a description with other tokens', () => writeFileSync(description(), '{"tokens":[1,2]}')],
    ['a missing state', () => rmSync(state())],
  ])('%s is computed again', async (_name, damage) => {
    const one = await turn(first);
    damage();
    const again = await turn(first);
    expect(again).toMatchObject({ text: one.text, usage: { cachedTokens: 0 } });
  });
});

test('two conversations on one engine each keep their own', async () => {
  await using engine = await llama.load(model, { signal, settings: { threads: 1 }, onProgress() {} });
  const other = first.replaceAll('Juliet', 'Rosaline').replace('ROMEO', 'BENVOLIO');
  const one = await ask(engine, first, { cacheKey: 'one' });
  const two = await ask(engine, other, { cacheKey: 'two' });
  await engine.inspect({ type: 'next-token', prompt: 'KING' });
  const oneAgain = await ask(engine, first, { cacheKey: 'one' });
  const twoAgain = await ask(engine, other, { cacheKey: 'two' });
  expect([oneAgain.text, twoAgain.text]).toEqual([one.text, two.text]);
  expect(oneAgain.usage.cachedTokens).toBe(one.usage.promptTokens - 1);
  expect(twoAgain.usage.cachedTokens).toBe(two.usage.promptTokens - 1);
});

describe('the store alone', () => {
  const tokens = Array.from({ length: 100 }, (_, i) => i);
  let folder: string;
  let restored: (readonly number[])[];
  const context: KvContext = {
    ...{ tokens, capacity: 200 },
    save: (file) => writeFile(file, Buffer.alloc(1000)),
    restore: async (_file, held) => void restored.push(held),
  };
  const empty = { ...context, tokens: [] };
  const open = (more: Partial<ConstructorParameters<typeof KvStore>[0]> = {}) =>
    new KvStore({ folder, identity: 'x', bytesPerToken: 10, ...more });
  const states = () => readdirSync(folder).filter((name) => name.endsWith('.state'));

  beforeEach(() => {
    folder = mkdtempSync(path.join(home, 'store-'));
    restored = [];
  });

  test('gives a state only to a context of the same identity, that can hold it and gains by it', async () => {
    await open().save('talk', context);
    await open({ identity: 'y' }).restore('talk', tokens, empty);
    await open().restore('talk', tokens, { ...empty, capacity: 99 });
    await open().restore('talk', tokens.slice(0, 63), empty);
    await open().restore('talk', tokens, { ...context, tokens: tokens.slice(0, 50) });
    await open().restore('other', tokens, empty);
    expect(restored).toEqual([]);
    await open().restore('talk', tokens, empty);
    expect(restored).toEqual([tokens]);
    expect(readdirSync(folder).toSorted()).toEqual(['talk.json', 'talk.state']);
  });

  test('keeps nothing of a conversation that was deleted, before or while it writes', async () => {
    const mark = savedStates(folder).deletionMark('talk');
    const deleting = {
      ...context,
      save: (file: string) => writeFile(file, 'x').then(() => writeFile(mark, '')),
    };
    await open().save('talk', deleting);
    expect(readdirSync(folder)).toEqual(['talk.deleted']);
    await open().save('talk', context);
    expect(readdirSync(folder)).toEqual(['talk.deleted']);
    // The mark goes when no engine can hold the conversation any more.
    await utimes(mark, 0, 0);
    await open().save('other', context);
    expect(readdirSync(folder).toSorted()).toEqual(['other.json', 'other.state']);
  });

  test('lets the oldest go when there are too many, or too many bytes', async () => {
    for (const key of ['a', 'b', 'c']) await open({ mostStates: 2 }).save(key, context);
    expect(states()).toHaveLength(2);
    for (const key of ['d', 'e', 'f']) await open({ mostBytes: 4000 }).save(key, context);
    expect(states()).toHaveLength(4);
    expect(readdirSync(folder)).toHaveLength(8);
    expect(states()).toContain('f.state');
  });
});

function flipped(bytes: Buffer): Buffer {
  const middle = bytes.length >> 1;
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  return bytes;
}
