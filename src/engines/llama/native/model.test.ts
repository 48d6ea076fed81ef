import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testModel } from '../fixtures/test-model.ts';
import { likeliest } from '../likeliest.ts';
import { readSampling, readSettings } from '../settings.ts';
import { NativeModel } from './model.ts';

const never = new AbortController().signal;
const load = (signal = never, onProgress = () => {}) =>
  NativeModel.load(
    testModel ?? '',
    { contextLength: 256, vocabSize: 49_152 },
    readSettings({ threads: 2, contextLength: 256 }),
    { signal, onProgress },
  );

describe.skipIf(testModel === undefined)('a native model (skipped without the test model)', () => {
  let native: NativeModel;
  beforeAll(async () => {
    native = await load();
  });
  afterAll(() => native[Symbol.asyncDispose]());

  test('a token alone gives the logits that it gives in a batch', async () => {
    const tokens = native.vocabulary.tokenize('The capital of France is');
    native.forget(0);
    await native.decode(tokens, 0, [tokens.length - 1]);
    const together = Float32Array.from(native.logits(tokens.length - 1));
    native.forget(0);
    for (const [position, token] of tokens.entries()) await native.decode([token], position, [0]);
    const alone = native.logits(0);
    const likeliest = (logits: Float32Array) => logits.indexOf(Math.max(...logits));
    expect(native.vocabulary.detokenize([likeliest(alone)])).toBe(' Paris');
    expect(likeliest(together)).toBe(likeliest(alone));
    // Not the same to the last bit: batches go through other kernels.
    expect(Math.max(...alone.map((logit, i) => Math.abs(logit - together[i]!)))).toBeLessThan(0.5);
  });

  test('a draw at temperature 0 is the likeliest token', async () => {
    const tokens = native.vocabulary.tokenize('One, two, three,');
    native.forget(0);
    await native.decode(tokens, 0, [tokens.length - 1]);
    const logits = native.logits(tokens.length - 1);
    using sampler = native.createSampler({
      sampling: readSampling({ temperature: 0 }),
      ...{ seed: 1, recent: [], grammar: undefined },
    });
    expect(sampler.sample(tokens.length - 1)).toBe(logits.indexOf(Math.max(...logits)));
  });

  test.for([
    { temperature: 0.8 },
    { temperature: 0, frequencyPenalty: 50 },
    { temperature: 0, presencePenalty: -50 },
    { temperature: 5, topK: 3, repeatPenalty: 0.1 },
    { temperature: 1.5, topK: 100, repeatPenalty: 1.3, frequencyPenalty: 0.5 },
    { temperature: 1, topK: 40, typicalP: 0.5, presencePenalty: 1 },
  ])('a shortlist of tokens gives the draws that all of them give: %o', async (sampling) => {
    const recent = native.vocabulary.tokenize('A rose is a rose is a rose.');
    native.forget(0);
    await native.decode(recent, 0, [recent.length - 1]);
    /** @param repeatLastN beyond what a shortlist may hold, all tokens go to llama.cpp */
    const draw = (repeatLastN: number) => {
      using sampler = native.createSampler({
        sampling: readSampling({ repeatPenalty: 1.00001, ...sampling, repeatLastN }),
        ...{ seed: 7, recent, grammar: undefined },
      });
      return Array.from({ length: 60 }, () => sampler.sample(recent.length - 1));
    };
    expect(draw(80)).toEqual(draw(300));
  });

  test.for([1, 2])(
    'with mirostat %i a text is as surprising as asked for, more or less',
    async (mirostat) => {
      const surpriseOf = async (mirostatTau: number) => {
        using sampler = native.createSampler({
          sampling: readSampling({
            temperature: 1,
            mirostat: mirostat as 1 | 2,
            mirostatTau,
            mirostatEta: 0.3,
          }),
          ...{ seed: 3, recent: [], grammar: undefined },
        });
        native.forget(0);
        let token = 504;
        let bits = 0;
        for (let position = 0; position < 120; position++) {
          await native.decode([token], position, [0]);
          token = sampler.sample(0);
          bits -= likeliest(native.logits(0), 0, [token])[0]!.logProbability / Math.LN2 / 120;
        }
        return bits;
      };
      const [low, high] = [await surpriseOf(0.5), await surpriseOf(8)];
      expect(low).toBeLessThan(1.5);
      expect(high).toBeGreaterThan(1.5 * low);
    },
  );

  test('a penalty finds what lies far below the likeliest', async () => {
    native.forget(0);
    await native.decode([1, 504], 0, [1]);
    using sampler = native.createSampler({
      sampling: readSampling({ temperature: 0, frequencyPenalty: 50 }),
      ...{ seed: 1, recent: [], grammar: undefined },
    });
    expect(new Set(Array.from({ length: 60 }, () => sampler.sample(1))).size).toBe(60);
  });

  test('tokens and text, there and back', () => {
    const { vocabulary } = native;
    const long = 'A text of many tokens, 漢字 🌊, and more bytes than there is room for at first. '.repeat(
      99,
    );
    for (const text of ['', ' two  spaces', '漢字 🌊', '<|im_start|>', '\0', long, 'short again']) {
      expect(vocabulary.detokenize(vocabulary.tokenize(text))).toBe(text);
    }
    expect(vocabulary.tokenize('<|im_start|>').length).toBeGreaterThan(1);
    expect(vocabulary.tokenize('<|im_start|>', true)).toHaveLength(1);
  });

  test('a closed model is ENGINE_CLOSED, whatever is asked of it', async () => {
    const other = await load();
    const { vocabulary } = other;
    await other[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    const closed = expect.objectContaining({ code: 'ENGINE_CLOSED' });
    for (const use of [
      () => vocabulary.tokenize('a'),
      () => vocabulary.detokenize([1]),
      () => vocabulary.isEnd(1),
      () => other.forget(0),
      () => other.logits(0),
      () => other.setThreads(1),
      () => other.decode([1], 0, [0]),
    ]) {
      expect(use).toThrow(closed);
    }
  });

  test('a load ends when it is cancelled on the way', async () => {
    const cancelling = new AbortController();
    const reason = new Error('enough');
    const loading = load(cancelling.signal, () => cancelling.abort(reason));
    await expect(loading).rejects.toBe(reason);
  });
});
