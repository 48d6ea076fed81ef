import { describe, expect, it } from 'vitest';
import type { EngineInfo, GenerateRequest, StreamPart } from '../engine.ts';
import { CompletionEngine, type CompletionModel } from './completion-engine.ts';

const vocabulary = ['.', 'a', 'b', 'c'];
const info: EngineInfo = {
  id: 'alphabet',
  modelId: 'alphabet',
  kind: 'completion',
  capabilities: new Set(['probabilities', 'inspect', 'seeded']),
  parameterCount: 1,
  contextLength: 8,
  vocabSize: 4,
};

/** Goes round a, b, c for ever, or ends after c; keeps what it was asked to read. */
function alphabet(change: Partial<CompletionModel> = {}) {
  const read: number[][] = [];
  const after = (tokenId: number) => {
    const last = tokenId === 3;
    const probabilities = new Float32Array(4);
    probabilities[last ? (model.stopTokenId ?? 1) : tokenId + 1] = 1;
    return { probabilities };
  };
  const model: CompletionModel = {
    vocabulary,
    startTokenId: 0,
    start: (tokenIds) => {
      read.push([...tokenIds]);
      return after(tokenIds.at(-1)!);
    },
    next: after,
    ...change,
  };
  return { engine: new CompletionEngine(info, model), read };
}

async function generate(engine: CompletionEngine, change: Partial<GenerateRequest> = {}) {
  const parts: StreamPart[] = [];
  const never = new AbortController().signal;
  for await (const part of engine.generate({
    prompt: '',
    maxTokens: 5,
    sampling: {},
    signal: never,
    ...change,
  })) {
    parts.push(part);
  }
  const text = parts.map((part) => (part.type === 'text-delta' ? part.text : `|${part.reason}|`)).join('');
  return { parts, text };
}

describe('CompletionEngine', () => {
  it('starts from the start token, or from the prompt; a model with a stop token gets both', async () => {
    const endless = alphabet();
    expect((await generate(endless.engine)).text).toBe('abcab|length|');
    expect((await generate(endless.engine, { prompt: 'ab' })).text).toBe('cabca|length|');
    const ending = alphabet({ stopTokenId: 0 });
    expect((await generate(ending.engine)).text).toBe('abc|stop|');
    expect((await generate(ending.engine, { prompt: 'B', samples: 2 })).text).toBe('c|stop|c|stop|');
    expect(endless.read).toEqual([[0], [1, 2]]);
    expect(ending.read).toEqual([[0], [0, 2], [0, 2]]);
  });

  it('ends with context when the longest text is reached, and takes no longer prompt', async () => {
    const { engine } = alphabet({ longestText: 3 });
    expect((await generate(engine, { prompt: 'a' })).text).toBe('bc|context|');
    await expect(generate(engine, { prompt: 'abca' })).rejects.toMatchObject({ code: 'CONTEXT_FULL' });
    await expect(engine.inspect({ type: 'next-token', prompt: 'abca' })).rejects.toMatchObject({
      code: 'CONTEXT_FULL',
    });
  });

  it('tells which candidate for the next token would end the text', async () => {
    const ask = async (change: Partial<CompletionModel>) =>
      alphabet(change).engine.inspect({ type: 'next-token', prompt: 'c', top: 1 });
    expect(await ask({ stopTokenId: 0 })).toMatchObject({ tokens: [{ text: '.', ends: true }] });
    expect(await ask({ stopTokenId: 3 })).toMatchObject({ tokens: [{ text: 'c', ends: true }] });
    expect(await ask({})).toEqual(
      expect.objectContaining({ tokens: [{ tokenId: 1, text: 'a', probability: 1 }] }),
    );
  });

  it('lets an abort through while it draws without pause', async () => {
    const { engine } = alphabet();
    const controller = new AbortController();
    let parts = 0;
    const reasons: string[] = [];
    // A timer stands for the message that brings an abort: it fires only when the event loop turns.
    setTimeout(() => controller.abort(), 1);
    const request = {
      prompt: '',
      maxTokens: Number.MAX_SAFE_INTEGER,
      sampling: {},
      signal: controller.signal,
    };
    for await (const part of engine.generate(request)) {
      parts++;
      if (part.type === 'finish') reasons.push(part.reason);
    }
    expect(parts).toBeGreaterThan(1);
    expect(reasons).toEqual(['abort']);
  });

  it('leaves the queue when its turn has not come at the abort', async () => {
    const { engine } = alphabet();
    const first = engine.generate({
      prompt: '',
      maxTokens: 5,
      sampling: {},
      signal: new AbortController().signal,
    });
    await first.next();
    const controller = new AbortController();
    const second = generate(engine, { signal: controller.signal });
    controller.abort();
    expect((await second).text).toBe('|abort|');
    await first.return(undefined);
    expect((await generate(engine)).text).toBe('abcab|length|');
  });

  it('tells the surprise of every token and of the end', async () => {
    const { engine } = alphabet({ stopTokenId: 0 });
    const report = await engine.inspect({ type: 'surprise', text: 'abc' });
    expect(report).toMatchObject({ type: 'surprise', meanNll: 0 });
    expect(report).toHaveProperty('tokens.length', 4);
    expect(await engine.inspect({ type: 'surprise', text: 'b' })).toMatchObject({
      meanNll: Number.POSITIVE_INFINITY,
    });
  });

  it('tells the cached tokens of its model', async () => {
    const { engine } = alphabet({ cachedTokens: 7 });
    expect((await generate(engine)).parts.at(-1)).toMatchObject({
      usage: { cachedTokens: 7, generatedTokens: 5 },
    });
  });

  it('refuses messages and grammars', async () => {
    const { engine } = alphabet();
    const signal = new AbortController().signal;
    const ask = async (request: Partial<GenerateRequest>) => {
      for await (const _ of engine.generate({ maxTokens: 1, sampling: {}, signal, ...request }));
    };
    await expect(ask({ messages: [{ role: 'user', content: 'a' }] })).rejects.toMatchObject({
      code: 'ENGINE_UNSUPPORTED',
    });
    await expect(ask({ prompt: 'a', grammar: 'root ::= "a"' })).rejects.toMatchObject({
      code: 'ENGINE_UNSUPPORTED',
    });
  });
});
