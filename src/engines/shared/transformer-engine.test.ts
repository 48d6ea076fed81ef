/** Both transformers' engines on small models with random weights; the shipped ones are tried beside their engines. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeModelFolder } from '../../formats/model-file.ts';
import { randn, TorchGenerator } from '../../tensor/random/index.ts';
import { describeEngineContract } from '../engine.contract.ts';
import type { Engine, GenerateRequest } from '../engine.ts';
import { factory as gpt } from '../gpt/engine.ts';
import { gptShapes } from '../gpt/model.ts';
import { factory as tinyLlama } from '../tiny-llama/engine.ts';
import { llamaShapes } from '../tiny-llama/model.ts';

const vocabulary = ['\n', ' ', ...'abcdefghijklmnopqrstuvwxyz'];
const architecture = { contextLength: 16, nLayer: 2, nHead: 2, nEmbd: 16, nFf: 24 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'babble-transformers-'));
  for (const { id, shapes } of engines) {
    const generator = new TorchGenerator(1);
    const tensors = new Map(
      [...shapes({ vocabSize: vocabulary.length, ...architecture })].map(([name, shape]) => {
        const size = shape.reduce((product, length) => product * length, 1);
        const values = Float32Array.from(randn(generator, size), (x) => 0.3 * x);
        return [name, { dtype: 'F32' as const, shape, bytes: new Uint8Array(values.buffer) }];
      }),
    );
    const description = {
      id,
      engine: id,
      description: 'random weights',
      architecture,
      parameterCount: 1,
      contextLength: architecture.contextLength,
      vocabulary,
      trainedOn: 'nothing',
      license: 'MIT',
      recipe: {},
      losses: {},
    };
    await writeModelFolder(path.join(folder, id), description, tensors);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const engines = [
  { id: 'gpt', factory: gpt, shapes: gptShapes },
  { id: 'tiny-llama', factory: tinyLlama, shapes: llamaShapes },
];

for (const { id, factory } of engines) {
  const load = (signal = new AbortController().signal) =>
    factory.load({ id, path: path.join(folder, id) }, { signal, onProgress: () => {} });

  describeEngineContract(`${id}, small and random`, load);

  describe(id, () => {
    const nextToken = async (engine: Engine, prompt: string) => {
      const report = await engine.inspect({ type: 'next-token', prompt, top: vocabulary.length });
      if (report.type !== 'distribution') throw new Error(report.type);
      return new Map(report.tokens.map(({ text, probability }) => [text, probability]));
    };

    test('reading a text in steps gives what reading it at once gives', async () => {
      await using engine = await load();
      const text = 'to be or not';
      for (let length = 1; length < text.length; length++) await nextToken(engine, text.slice(0, length));
      const stepped = await nextToken(engine, text);
      await using fresh = await load();
      for (const [token, probability] of await nextToken(fresh, text)) {
        expect(stepped.get(token)).toBeCloseTo(probability, 5);
      }
    });

    test('a prompt that begins like the last one is read from the cache', async () => {
      await using engine = await load();
      const cached = async (prompt: string) => {
        const signal = new AbortController().signal;
        for await (const part of engine.generate({ prompt, maxTokens: 1, sampling: { seed: 1 }, signal })) {
          if (part.type === 'finish') return part.usage.cachedTokens;
        }
        return undefined;
      };
      expect(await cached('to be')).toBe(0);
      expect(await cached('to be or')).toBe(5);
      expect(await cached('to me')).toBe(3);
    });

    test('a text goes on past the context', async () => {
      await using engine = await load();
      let drawn = 0;
      const signal = new AbortController().signal;
      for await (const part of engine.generate({
        prompt: 'a',
        maxTokens: 50,
        sampling: { seed: 1 },
        signal,
      })) {
        if (part.type === 'text-delta') drawn += part.tokenIds.length;
      }
      expect(drawn).toBe(50);
    });

    test('samples drawn side by side are those drawn one by one with the seeds that they tell', async () => {
      await using engine = await load();
      const signal = new AbortController().signal;
      const draw = async (request: Pick<GenerateRequest, 'samples' | 'stop'>, seed: number) => {
        const texts: { text: string; seed?: number; reason?: string }[] = [];
        let isMixed = false;
        let last = 0;
        const asked = { prompt: 'to be', maxTokens: 40, sampling: { seed }, signal, ...request };
        for await (const part of engine.generate(asked)) {
          texts[part.sample] ??= { text: '' };
          const own = texts[part.sample]!;
          isMixed ||= part.sample < last;
          last = part.sample;
          if (part.type === 'text-delta') own.text += part.text;
          else Object.assign(own, { seed: part.seed, reason: part.reason });
        }
        return { texts, isMixed };
      };
      // Past the context of 16; and with texts that end at different times.
      for (const stop of [[], ['e']]) {
        const together = await draw({ samples: 6, stop }, 7);
        expect(together.isMixed).toBe(true);
        expect(together.texts.map((text) => text.seed)).toEqual([7, 8, 9, 10, 11, 12]);
        for (const text of together.texts) expect((await draw({ stop }, text.seed!)).texts).toEqual([text]);
      }
      const many = await draw({ samples: 40, stop: ['e'] }, 7);
      expect(new Set(many.texts.map(({ text }) => text.length)).size).toBeGreaterThan(3);
      expect((await draw({ stop: ['e'] }, 7 + 39)).texts[0]).toEqual(many.texts[39]);
    });

    test('an abort ends every sample that is drawn side by side, once', async () => {
      await using engine = await load();
      const abort = new AbortController();
      const ended: string[] = [];
      const asked = { prompt: 'a', maxTokens: 1000, samples: 4, sampling: { seed: 1 }, signal: abort.signal };
      for await (const part of engine.generate(asked)) {
        if (part.type === 'finish') ended.push(`${part.sample} ${part.reason}`);
        else if (part.sample === 2) abort.abort();
      }
      expect(ended).toEqual(['0 abort', '1 abort', '2 abort', '3 abort']);
    });

    test('attention looks back only, and each row sums to 1', async () => {
      await using engine = await load();
      const report = await engine.inspect({ type: 'attention', prompt: 'hello', layer: 1, head: 1 });
      if (report.type !== 'matrix') throw new Error(report.type);
      for (let row = 0; row < 5; row++) {
        const weights = [...report.values.subarray(row * 5, row * 5 + 5)];
        expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
        expect(weights.slice(row + 1).every((weight) => weight === 0)).toBe(true);
      }
      const wrong = engine.inspect({ type: 'attention', prompt: 'hello', layer: 2, head: 0 });
      await expect(wrong).rejects.toMatchObject({ code: 'INVALID_SETTING' });
    });

    test('the lens’s last layer says what the model says', async () => {
      await using engine = await load();
      const report = await engine.inspect({ type: 'logit-lens', prompt: 'hello' });
      if (report.type !== 'matrix') throw new Error(report.type);
      expect(report.rowLabels).toHaveLength(3);
      const likeliest = [...(await nextToken(engine, 'hello'))][0]!;
      expect(report.cellLabels!.at(-1)).toBe(likeliest[0]);
      expect(report.values.at(-1)).toBeCloseTo(likeliest[1], 5);
    });
  });
}
