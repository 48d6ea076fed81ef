/**
 * One suite that every engine passes, so that front ends may treat all engines alike. An engine's own
 * test calls `describeEngineContract` with a function that loads it on a small model. What an engine
 * cannot do is skipped by name, with the reason.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppError } from '../errors.ts';
import type { Engine, GenerateRequest, InspectView, StreamPart } from './engine.ts';

const tests = [
  'info is sane',
  'every sample streams and finishes once',
  'maxTokens bounds each sample',
  'text ends before a stop string',
  'a stop string that begins between tokens never shows in part',
  'an abort keeps the text and finishes with abort',
  'an aborted signal generates nothing',
  'the same seed gives the same text',
  'different seeds give different texts',
  'greedy is deterministic',
  'topK 1 equals greedy',
  'the reported seed gives the text again',
  'probabilities are sorted, sum to at most 1 and name the drawn token',
  'the text is the drawn tokens joined',
  'usage counts the tokens',
  'an empty prompt works',
  'unknown characters are a typed error',
  'every inspect view is answered or ENGINE_UNSUPPORTED',
  'a second generation waits for the first',
  'a generation after an abandoned one works',
  'an aborted load throws the reason',
  'disposing twice is fine, and generating afterwards is ENGINE_CLOSED',
] as const;

type ContractTest = (typeof tests)[number];

export interface ContractOptions {
  /** A text the model understands and does not end after, even when greedy. Default 'q'. */
  readonly prompt?: string;
  /** Tokens to draw in a test. Default 24. */
  readonly maxTokens?: number;
  readonly skips?: Readonly<Partial<Record<ContractTest, string>>>;
}

interface Answer {
  readonly text: string;
  readonly parts: readonly StreamPart[];
  readonly deltas: readonly Extract<StreamPart, { type: 'text-delta' }>[];
  readonly finishes: readonly Extract<StreamPart, { type: 'finish' }>[];
}

/** Lets an engine be tried; `load` gives a fresh one each time and obeys its signal. */
export function describeEngineContract(
  name: string,
  load: (signal: AbortSignal) => Promise<Engine>,
  { prompt = 'q', maxTokens = 24, skips = {} }: ContractOptions = {},
): void {
  let engine: Engine;
  const never = new AbortController().signal;

  /** The prompt as this engine takes it. */
  const ask = (text: string): Pick<GenerateRequest, 'prompt' | 'messages'> =>
    engine.info.kind === 'chat' ? { messages: [{ role: 'user', content: text }] } : { prompt: text };
  const request = (change: Partial<GenerateRequest> = {}): GenerateRequest => ({
    ...ask(prompt),
    maxTokens,
    sampling: { temperature: 0 },
    signal: never,
    ...change,
  });
  const generate = async (
    change: Partial<GenerateRequest> = {},
    onPart?: (part: StreamPart) => void,
  ): Promise<Answer> => {
    const parts: StreamPart[] = [];
    for await (const part of engine.generate(request(change))) {
      parts.push(part);
      onPart?.(part);
    }
    const deltas = parts.filter((part) => part.type === 'text-delta');
    return {
      text: deltas.map((part) => part.text).join(''),
      parts,
      deltas,
      finishes: parts.filter((part) => part.type === 'finish'),
    };
  };
  /** A drawn text of at least `length` characters, for tests that need something to work on. */
  const longText = async (length: number): Promise<{ text: string; seed: number }> => {
    for (let seed = 1; seed <= 50; seed++) {
      const { text } = await generate({ sampling: { seed } });
      if (text.length >= length) return { text, seed };
    }
    throw new Error(`${name} gave no text of ${length} characters for 50 seeds`);
  };
  /** Engines that end a text soon draw several, so that there is time to interrupt them. */
  const lengthy = (): Partial<GenerateRequest> =>
    engine.info.kind === 'chat' ? { maxTokens: 300 } : { maxTokens: 300, samples: 20, sampling: { seed: 1 } };

  const check = (title: ContractTest, body: () => Promise<void>): void => {
    const reason = skips[title];
    if (reason === undefined) test(title, body);
    else test.skip(`${title} (skipped: ${reason})`, body);
  };

  describe(`engine contract: ${name}`, () => {
    beforeAll(async () => {
      engine = await load(never);
    });
    afterAll(async () => {
      await engine[Symbol.asyncDispose]();
    });

    check('info is sane', async () => {
      const { id, modelId, parameterCount, contextLength, vocabSize, capabilities, kind } = engine.info;
      expect(id).toMatch(/^[a-z][a-z0-9-]*$/);
      expect(modelId).not.toBe('');
      expect(parameterCount).toBeGreaterThan(0);
      expect(contextLength).toBeGreaterThan(0);
      expect(vocabSize).toBeGreaterThan(1);
      expect(capabilities.has('chat')).toBe(kind === 'chat');
      expect(structuredClone(engine.info)).toEqual(engine.info);
    });

    check('every sample streams and finishes once', async () => {
      const { parts, finishes } = await generate({ samples: 3, sampling: { seed: 1 } });
      expect(finishes.map((part) => part.sample).sort()).toEqual([0, 1, 2]);
      expect(parts.at(-1)?.type).toBe('finish');
      // Samples may come one after the other or side by side; nothing comes of one that has finished.
      const finished = new Set<number>();
      for (const part of parts) {
        expect(finished.has(part.sample)).toBe(false);
        if (part.type === 'finish') finished.add(part.sample);
      }
    });

    check('maxTokens bounds each sample', async () => {
      for (const most of [1, 2, 5]) {
        const { deltas, finishes } = await generate({ maxTokens: most });
        const drawn = deltas.flatMap((part) => part.tokenIds).length;
        expect(drawn).toBeLessThanOrEqual(most);
        if (finishes[0]?.reason === 'length') expect(drawn).toBe(most);
      }
    });

    check('text ends before a stop string', async () => {
      const { text, seed } = await longText(3);
      const stop = text.slice(1, 2);
      const stopped = await generate({ sampling: { seed }, stop: [stop] });
      expect(stopped.text).toBe(text.slice(0, text.indexOf(stop)));
      expect(stopped.finishes.map((part) => part.reason)).toEqual(['stop']);
    });

    check('a stop string that begins between tokens never shows in part', async () => {
      const { text, seed } = await longText(4);
      const stop = text.slice(1, 4);
      const stopped = await generate({ sampling: { seed }, stop: ['\u0000never', stop] });
      expect(stopped.text).toBe(text.slice(0, text.indexOf(stop)));
      // A stop that never comes in full leaves the text whole.
      const whole = await generate({ sampling: { seed }, stop: [`${text.slice(-1)}\u0000`] });
      expect(whole.text).toBe(text);
    });

    check('an abort keeps the text and finishes with abort', async () => {
      const controller = new AbortController();
      const { text, finishes, parts } = await generate(
        { ...lengthy(), signal: controller.signal },
        (part) => {
          if (part.type === 'text-delta') controller.abort();
        },
      );
      expect(text).not.toBe('');
      expect(finishes.at(-1)?.reason).toBe('abort');
      expect(parts.at(-1)?.type).toBe('finish');
      expect(new Set(finishes.map((part) => part.sample)).size).toBe(finishes.length);
    });

    check('an aborted signal generates nothing', async () => {
      const { text, finishes } = await generate({ signal: AbortSignal.abort() });
      expect(text).toBe('');
      expect(finishes.map((part) => part.reason)).toEqual(['abort']);
    });

    check('the same seed gives the same text', async () => {
      const [a, b] = [await generate({ sampling: { seed: 7 } }), await generate({ sampling: { seed: 7 } })];
      expect(b.text).toBe(a.text);
    });

    check('different seeds give different texts', async () => {
      const texts = new Set<string>();
      for (let seed = 1; seed <= 6; seed++) texts.add((await generate({ sampling: { seed } })).text);
      expect(texts.size).toBeGreaterThan(1);
    });

    check('greedy is deterministic', async () => {
      const greedy = await generate({ sampling: { temperature: 0, seed: 1 } });
      expect(greedy.text).not.toBe('');
      expect((await generate({ sampling: { temperature: 0, seed: 2 } })).text).toBe(greedy.text);
    });

    check('topK 1 equals greedy', async () => {
      const greedy = await generate();
      expect((await generate({ sampling: { temperature: 1, topK: 1, seed: 3 } })).text).toBe(greedy.text);
    });

    check('the reported seed gives the text again', async () => {
      const first = await generate({ sampling: { temperature: 1 } });
      const seed = first.finishes[0]?.seed;
      expect(seed).toBeTypeOf('number');
      expect((await generate({ sampling: { temperature: 1, seed: seed! } })).text).toBe(first.text);
    });

    check('probabilities are sorted, sum to at most 1 and name the drawn token', async () => {
      const { seed } = await longText(2);
      const { deltas } = await generate({ topProbabilities: 5, sampling: { seed } });
      expect(deltas.length).toBeGreaterThan(0);
      for (const { tokenIds, chosen, candidates } of deltas) {
        expect(chosen?.map((token) => token.tokenId)).toEqual(tokenIds);
        expect(candidates).toHaveLength(tokenIds.length);
        for (const [i, top] of (candidates ?? []).entries()) {
          const values = top.map((token) => token.probability);
          expect(values.length).toBeGreaterThan(0);
          expect(values.length).toBeLessThanOrEqual(5);
          expect(values).toEqual(values.toSorted((a, b) => b - a));
          expect(values.every((value) => value >= 0)).toBe(true);
          expect(values.reduce((sum, value) => sum + value, 0)).toBeLessThanOrEqual(1 + 1e-4);
          const listed = top.find((token) => token.tokenId === tokenIds[i]);
          if (listed) expect(listed.probability).toBeCloseTo(chosen?.[i]?.probability ?? Number.NaN, 4);
          else expect(chosen?.[i]?.probability).toBeLessThanOrEqual((values.at(-1) ?? 0) + 1e-4);
        }
      }
      expect((await generate()).deltas.every((part) => part.candidates === undefined)).toBe(true);
    });

    check('the text is the drawn tokens joined', async () => {
      const { seed } = await longText(2);
      const { text, deltas } = await generate({ topProbabilities: 1, sampling: { seed } });
      expect(deltas.flatMap((part) => part.chosen?.map((token) => token.text) ?? []).join('')).toBe(text);
    });

    check('usage counts the tokens', async () => {
      const { seed } = await longText(2);
      const { deltas, finishes } = await generate({ sampling: { seed } });
      const usage = finishes[0]?.usage;
      expect(usage?.generatedTokens).toBe(deltas.flatMap((part) => part.tokenIds).length);
      expect(usage?.promptTokens).toBeGreaterThan(0);
      expect(usage?.firstTokenMs).toBeGreaterThanOrEqual(0);
      expect(usage?.tokensPerSecond).toBeGreaterThanOrEqual(0);
    });

    check('an empty prompt works', async () => {
      const { finishes } = await generate({ ...ask(''), maxTokens: 5 });
      expect(finishes).toHaveLength(1);
    });

    check('unknown characters are a typed error', async () => {
      await expect(generate(ask('漢\u0007'))).rejects.toMatchObject({ code: 'TEXT_UNKNOWN_CHARACTERS' });
      expect((await generate({ maxTokens: 2 })).finishes).toHaveLength(1);
    });

    check('every inspect view is answered or ENGINE_UNSUPPORTED', async () => {
      const views: InspectView[] = [
        { type: 'next-token', prompt, top: 3 },
        { type: 'surprise', text: prompt },
        { type: 'heatmap' },
        { type: 'similarity' },
        { type: 'weights' },
        { type: 'topology' },
        { type: 'attention', prompt, layer: 0, head: 0 },
        { type: 'logit-lens', prompt },
      ];
      let answered = 0;
      for (const view of views) {
        try {
          const report = await engine.inspect(view);
          expect(structuredClone(report)).toEqual(report);
          answered += 1;
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          expect(error).toMatchObject({ code: 'ENGINE_UNSUPPORTED' });
        }
      }
      expect(answered > 0).toBe(engine.info.capabilities.has('inspect'));
    });

    check('a second generation waits for the first', async () => {
      const order: string[] = [];
      const both = ['a', 'b'].map((label) => generate({ sampling: { seed: 1 } }, () => order.push(label)));
      const [a, b] = await Promise.all(both);
      expect(order.join('')).toMatch(/^a+b+$/);
      expect(b?.text).toBe(a?.text);
    });

    check('a generation after an abandoned one works', async () => {
      for await (const _ of engine.generate(request(lengthy()))) break;
      expect((await generate({ maxTokens: 2 })).finishes).toHaveLength(1);
    });

    check('an aborted load throws the reason', async () => {
      const reason = new Error('no longer wanted');
      await expect(load(AbortSignal.abort(reason))).rejects.toBe(reason);
    });

    check('disposing twice is fine, and generating afterwards is ENGINE_CLOSED', async () => {
      const other = await load(never);
      await other[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
      const generating = (async () => {
        for await (const _ of other.generate(request())) break;
      })();
      await expect(generating).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
    });
  });
}
