import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeEngineContract } from '../engine.contract.ts';
import type { Engine, GenerateRequest, Message, StreamPart } from '../engine.ts';
import { llama } from './engine.ts';
import { testModel } from './fixtures/test-model.ts';

const never = new AbortController().signal;
// One thread: the tests share the machine with others, where two would wait for each other.
const settings = { contextLength: 512, threads: 1 };
const load = (more: Record<string, string | number | boolean> = {}, signal = never) =>
  llama.load(
    { id: 'smollm2', path: testModel ?? '' },
    { signal, settings: { ...settings, ...more }, onProgress() {} },
  );

interface Answer {
  readonly text: string;
  readonly deltas: readonly Extract<StreamPart, { type: 'text-delta' }>[];
  readonly finish: Extract<StreamPart, { type: 'finish' }>;
}

async function ask(engine: Engine, request: Partial<GenerateRequest>): Promise<Answer> {
  const parts: StreamPart[] = [];
  const defaults = { maxTokens: 24, sampling: { temperature: 0 }, signal: never };
  for await (const part of engine.generate({ ...defaults, ...request })) parts.push(part);
  const deltas = parts.filter((part) => part.type === 'text-delta');
  return {
    text: deltas.map((part) => part.text).join(''),
    deltas,
    finish: parts.find((part) => part.type === 'finish')!,
  };
}

const user = (content: string): Message => ({ role: 'user', content });
const capital = [user('What is the capital of France?')];

describe.skipIf(testModel === undefined)('llama on SmolLM2 (skipped without the test model)', () => {
  describeEngineContract('llama', (signal) => load({}, signal), {
    prompt: 'Tell me about the sea.',
    skips: { 'unknown characters are a typed error': 'its vocabulary has every byte' },
  });

  let engine: Engine;
  beforeAll(async () => {
    engine = await load();
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  test('knows the capital of France', async () => {
    const { text, finish } = await ask(engine, { messages: capital });
    expect(text).toContain('Paris');
    expect(finish.reason).toBe('stop');
  });

  test('what could have begun a stop string is shown when the model ends the answer itself', async () => {
    const { text } = await ask(engine, { messages: capital });
    const stopped = await ask(engine, { messages: capital, stop: [`${text.slice(-1)}\u0000never`] });
    expect(stopped).toMatchObject({ text, finish: { reason: 'stop' } });
  });

  test('a second turn evaluates only what is new', async () => {
    const first = await ask(engine, { messages: capital });
    const messages: Message[] = [
      ...capital,
      { role: 'assistant', content: first.text },
      user('And of Italy?'),
    ];
    const second = await ask(engine, { messages });
    const { promptTokens, cachedTokens } = second.finish.usage;
    expect(cachedTokens).toBeGreaterThanOrEqual(first.finish.usage.promptTokens);
    expect(promptTokens - cachedTokens!).toBeLessThan(20);
    // What was cached changes nothing: a fresh engine says the same.
    await using fresh = await load();
    expect((await ask(fresh, { messages })).finish.usage.cachedTokens).toBe(0);
  });

  test('a conversation that ends in an answer goes on from its words', async () => {
    const begun: Message[] = [...capital, { role: 'assistant', content: 'The capital of France is' }];
    const { text } = await ask(engine, { messages: begun, maxTokens: 2 });
    expect(text).toMatch(/^ Paris/);
    const report = await engine.inspect({ type: 'next-token', prompt: '', messages: begun, top: 3 });
    expect(report).toMatchObject({ type: 'distribution', tokens: [{ text: ' Paris' }, {}, {}] });
    const whole: Message[] = [...capital, { role: 'assistant', content: 'The capital of France is Paris.' }];
    const after = await engine.inspect({ type: 'next-token', prompt: '', messages: whole, top: 1 });
    expect(after).toMatchObject({ tokens: [{ ends: true }] });
  });

  test('special tokens that a person writes are only text', async () => {
    const plain = await ask(engine, { messages: [user('x')], maxTokens: 1 });
    const special = await ask(engine, { messages: [user('<|im_end|>')], maxTokens: 1 });
    // As one token it would cost no more than the x; as text it takes several.
    expect(special.finish.usage.promptTokens).toBeGreaterThan(plain.finish.usage.promptTokens + 3);
  });

  test('characters that take several tokens arrive whole', async () => {
    const messages = [user('Repeat: 漢字 🌊🌪')];
    const { text, deltas } = await ask(engine, { messages, grammar: 'root ::= "漢字 🌊🌪"' });
    expect(text).toBe('漢字 🌊🌪');
    expect(deltas.some((part) => part.text === '')).toBe(true);
    expect(deltas.every((part) => !part.text.includes('\uFFFD'))).toBe(true);
  });

  test('an answer follows a JSON schema', async () => {
    const jsonSchema = {
      type: 'object',
      properties: { city: { type: 'string' }, rank: { type: 'integer' } },
    };
    const { text } = await ask(engine, { messages: capital, jsonSchema, maxTokens: 60 });
    expect(JSON.parse(text)).toMatchObject({ city: expect.any(String), rank: expect.any(Number) });
  });

  test.each([
    ['a grammar that is none', { grammar: 'root ::= (' }],
    ['a grammar and a schema', { grammar: 'root ::= "a"', jsonSchema: { type: 'string' } }],
    ['topP above 1', { sampling: { topP: 2 } }],
    ['a negative temperature', { sampling: { temperature: -1 } }],
  ])('%s is INVALID_SETTING, and the engine goes on', async (_name, request) => {
    await expect(ask(engine, { messages: capital, ...request })).rejects.toMatchObject({
      code: 'INVALID_SETTING',
    });
    expect((await ask(engine, { messages: capital, maxTokens: 1 })).finish.reason).toBe('length');
  });

  test('penalties, typicalP and minP change what is drawn, and the seed repeats it', async () => {
    const texts = new Set<string>();
    for (const sampling of [{}, { repeatPenalty: 1.8 }, { typicalP: 0.3 }, { minP: 0.9 }]) {
      const request = { messages: [user('Write a poem.')], sampling: { ...sampling, seed: 3 } };
      const { text } = await ask(engine, request);
      expect((await ask(engine, request)).text).toBe(text);
      texts.add(text);
    }
    expect(texts.size).toBeGreaterThan(2);
  });

  test('typicalP holds under a grammar too', async () => {
    const request = { prompt: 'A colour:', grammar: 'root ::= " " [a-z]+ "."', maxTokens: 12 };
    const draw = async (typicalP: number, seed: number) =>
      (await ask(engine, { ...request, sampling: { typicalP, temperature: 1.5, topK: 0, topP: 1, seed } }))
        .text;
    const seeds = [1, 2, 3, 4, 5, 6];
    const free = await Promise.all(seeds.map((seed) => draw(1, seed)));
    const typical = await Promise.all(seeds.map((seed) => draw(1e-6, seed)));
    for (const text of [...free, ...typical]) expect(text).toMatch(/^ [a-z]*[.]?$/);
    // So little leaves one token to draw from, whatever the seed.
    expect(new Set(typical).size).toBe(1);
    expect(new Set(free).size).toBeGreaterThan(3);
  });

  /** A grammar whose text never ends. */
  const endless = 'root ::= ("la " | "le ")+ "."';

  test('closing does not wait for a reader that has gone', async () => {
    const other = await load();
    const left = other.generate({ messages: capital, maxTokens: 9, sampling: {}, signal: never });
    await left[Symbol.asyncIterator]().next();
    await other[Symbol.asyncDispose]();
  });

  test('a full context ends the answer, a prompt beyond it is CONTEXT_FULL', async () => {
    await using small = await load({ contextLength: 256 });
    const { finish } = await ask(small, { prompt: 'Sing:', grammar: endless, maxTokens: 1000 });
    expect(finish.reason).toBe('context');
    await expect(ask(small, { prompt: 'word '.repeat(600) })).rejects.toMatchObject({ code: 'CONTEXT_FULL' });
  });

  test('context shift goes on beyond the context', async () => {
    await using small = await load({ contextLength: 256, contextShift: true });
    const { finish } = await ask(small, { prompt: 'Sing:', grammar: endless, maxTokens: 400 });
    expect(finish).toMatchObject({ reason: 'length', usage: { generatedTokens: 400 } });
  });

  test('drafting from the prompt changes nothing but the speed', async () => {
    const text = 'one two three four five six seven. '.repeat(4);
    await using drafting = await load({ draftTokens: 4 });
    const expected = await ask(engine, { prompt: text, maxTokens: 40 });
    expect((await ask(drafting, { prompt: text, maxTokens: 40 })).text).toBe(expected.text);
  });

  test('a quantized KV cache works', async () => {
    await using small = await load({ kvType: 'q8_0' });
    expect((await ask(small, { messages: capital })).text).toContain('Paris');
  });

  test('without a system prompt of ours the template has its say', async () => {
    await using own = await load({ systemPrompt: '' });
    const tokens = async (one: Engine) =>
      (await ask(one, { messages: capital, maxTokens: 1 })).finish.usage.promptTokens;
    expect(await tokens(own)).toBeGreaterThan(await tokens(engine));
  });

  test('the surprise of a text', async () => {
    const report = await engine.inspect({ type: 'surprise', text: 'The capital of France is Paris.' });
    if (report.type !== 'surprise') throw new Error(report.type);
    const paris = report.tokens.find((token) => token.text === ' Paris');
    expect(paris!.nll).toBeLessThan(1);
  });

  test.each([{ kvType: 'q2' }, { threads: 0 }, { chatTemplate: 'nope' }, { colour: 'red' }, { mmap: 1 }])(
    'settings are checked: %o',
    async (wrong) => {
      await expect(load(wrong)).rejects.toMatchObject({ code: 'INVALID_SETTING' });
    },
  );
});
