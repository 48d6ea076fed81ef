import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GenerateRequest, StreamPart, TokenProbability } from '../engines/engine.ts';
import { createEngineClient } from '../engines/host/client.ts';
import { shippedModels } from '../paths.ts';
import { generateWatched, type TokenChoice, type TokenWatch } from './watch.ts';

const client = createEngineClient({
  engine: 'bigram-count',
  model: { id: 'bigram-count', path: path.join(shippedModels, 'bigram-count') },
  idleMs: 0,
});
beforeAll(() => client.load());
afterAll(() => client[Symbol.asyncDispose]());

async function generate(watch: TokenWatch | undefined, change: Partial<GenerateRequest> = {}) {
  const { signal } = new AbortController();
  const request = { prompt: '', maxTokens: 50, sampling: { seed: 1337 }, signal, ...change };
  const parts: StreamPart[] = [];
  for await (const part of generateWatched(client, request, watch)) parts.push(part);
  return {
    parts,
    text: parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join(''),
    finish: parts.at(-1),
  };
}

test('watched slowly, every token comes alone, with its candidates; the text is the same', async () => {
  const { parts, text, finish } = await generate({ candidates: 5, tokensPerSecond: 1000 });
  expect(text).toBe((await generate(undefined)).text);
  expect(text).toBe('myliena');
  expect(parts).toHaveLength(text.length + 1);
  for (const part of parts.slice(0, -1)) {
    if (part.type !== 'text-delta') throw new Error(part.type);
    expect(part.tokenIds).toHaveLength(1);
    expect(part.chosen).toMatchObject([{ text: part.text }]);
    expect(part.candidates?.[0]).toHaveLength(5);
  }
  expect(finish).toMatchObject({ type: 'finish', reason: 'stop' });
});

test('a stop ends a slow answer at what was seen of it', async () => {
  const stop = new AbortController();
  const request = { prompt: '', maxTokens: 50, sampling: { seed: 1337 }, signal: stop.signal };
  let text = '';
  let end: StreamPart | undefined;
  // The whole name has come in one message by the time its first letter is seen.
  for await (const part of generateWatched(client, request, { candidates: 1, tokensPerSecond: 0.1 })) {
    if (part.type === 'text-delta') text += part.text;
    else end = part;
    stop.abort();
  }
  expect(text).toBe('m');
  expect(end).toMatchObject({ reason: 'abort', usage: { generatedTokens: 1 } });
});

/** Chooses by a list: a letter, `draw`, `end` or `leave`. */
function choosing(choices: readonly string[]) {
  const seen: (readonly TokenProbability[])[] = [];
  const choose = async (candidates: readonly TokenProbability[]): Promise<TokenChoice> => {
    seen.push(candidates);
    const choice = choices[seen.length - 1]!;
    if (choice === 'draw' || choice === 'leave') return { type: choice };
    const token = candidates.find(({ text, ends }) => (choice === 'end' ? ends : text === choice));
    return { type: 'take', token: token! };
  };
  return { watch: { candidates: 27, choose }, seen };
}

test('chosen letter by letter: the letters, their probabilities, the end', async () => {
  const { watch, seen } = choosing(['z', 'o', 'e', 'end']);
  const { parts, text, finish } = await generate(watch);
  expect(text).toBe('zoe');
  expect(finish).toMatchObject({ reason: 'stop', usage: { generatedTokens: 3 } });
  // Each step's candidates are those of the row of the letter before.
  expect(seen.map((candidates) => candidates.length)).toEqual([27, 27, 27, 27]);
  const z = seen[0]!.find(({ text: letter }) => letter === 'z')!;
  expect(parts[0]).toMatchObject({ text: 'z', chosen: [{ probability: z.probability }] });
  // 929 of the 32,033 names begin with a z.
  expect(z.probability).toBeCloseTo(929 / 32_033, 6);
});

test('the model draws where the person lets it; leaving keeps the text; a prompt is gone on from', async () => {
  const { watch, seen } = choosing(['draw', 'draw', 'leave']);
  const { text, finish } = await generate(watch, { prompt: 'q', sampling: { temperature: 0 } });
  // Greedily: what was the likeliest each time.
  expect(text).toBe(`u${seen[1]?.[0]?.text}`);
  expect(seen[0]?.[0]?.text).toBe('u');
  expect(finish).toMatchObject({ reason: 'abort' });
});

test('an answer by hand ends at the longest allowed', async () => {
  const { watch } = choosing(['a', 'b', 'c']);
  const { text, finish } = await generate(watch, { maxTokens: 2 });
  expect([text, finish]).toMatchObject(['ab', { reason: 'length' }]);
});
