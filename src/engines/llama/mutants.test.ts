/**
 * Mutated files through the whole way: our reader, then those that it lets pass through llama.cpp's loader
 * and a few tokens in the engine's process. The parent gets an answer or a typed error within a deadline.
 * The long run: npm run fuzz:gguf
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { AppError } from '../../errors.ts';
import { generator, mutate } from '../../formats/gguf/fixtures/mutate.ts';
import { readGguf } from '../../formats/gguf/read.ts';
import { createEngineClient } from '../host/client.ts';
import type { EngineClient } from '../host/types.ts';
import { openModel } from './files.ts';
import { writeToy } from './fixtures/toy.ts';

const rounds = Number(process.env['BABBLE_FUZZ'] ?? 200);
const deadlineMs = 60_000;
const folder = mkdtempSync(path.join(tmpdir(), 'babble-mutants-'));
afterAll(() => rmSync(folder, { recursive: true }));

const engineModule = fileURLToPath(new URL('./fixtures/loader-engine.ts', import.meta.url));
const open = () =>
  createEngineClient({ engine: 'loader', model: { id: 'loader', path: '' }, idleMs: 0 }, { engineModule });

/** `said`: the model loaded and spoke; else the code of the error. */
async function outcome(client: EngineClient, file: string): Promise<string> {
  const signal = AbortSignal.timeout(deadlineMs);
  const request = { prompt: file, maxTokens: 3, sampling: { temperature: 0 }, signal };
  try {
    for await (const part of client.generate(request)) {
      if (part.type === 'finish') return part.reason === 'abort' ? 'hung' : 'said';
    }
    return 'said nothing';
  } catch (error) {
    return error instanceof AppError ? error.code : `untyped: ${error}`;
  }
}

test(`${rounds} mutated files: a model or a typed error`, { timeout: 7_200_000 }, async () => {
  const toy = path.join(folder, 'toy.gguf');
  await writeToy(toy, 'q8_0');
  const seed = readFileSync(toy);
  const { dataOffset } = readGguf(toy);
  const random = generator(65);
  const file = path.join(folder, 'mutant.gguf');
  const outcomes = new Map<string, number>();
  const count = (what: string) => outcomes.set(what, (outcomes.get(what) ?? 0) + 1);
  let client = open();
  for (let round = 0; round < rounds; round++) {
    writeFileSync(file, mutate(seed, random, dataOffset));
    try {
      openModel(file);
    } catch (error) {
      count(`reader: ${error instanceof AppError ? error.code : error}`);
      continue;
    }
    const what = await outcome(client, file);
    count(what);
    if (what !== 'ENGINE_CRASHED') continue;
    // A crash is the process's own; a client that has seen several starts no more.
    await client[Symbol.asyncDispose]();
    client = open();
  }
  await client[Symbol.asyncDispose]();
  console.log(Object.fromEntries(outcomes));
  const typed = ['reader: GGUF_INVALID', 'said', 'GGUF_INVALID', 'ENGINE_LOAD_FAILED', 'ENGINE_CRASHED'];
  const others = ['TEXT_UNKNOWN_CHARACTERS', 'CONTEXT_FULL', 'MODEL_TOO_LARGE', 'TEMPLATE_FAILED'];
  expect([...outcomes.keys()].filter((what) => ![...typed, ...others].includes(what))).toEqual([]);
  expect(outcomes.get('said')).toBeGreaterThan(rounds / 20);
  expect(outcomes.get('reader: GGUF_INVALID')).toBeGreaterThan(rounds / 5);
});
