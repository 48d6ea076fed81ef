/** What the KV cache holds of the last turn changes nothing but the time: with the shipped toy LLaMA. */
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shippedModels } from '../../paths.ts';
import { Context } from './context.ts';
import { openModel } from './files.ts';
import { NativeModel } from './native/model.ts';
import { readSettings } from './settings.ts';

const signal = new AbortController().signal;
const { file, model } = openModel(path.join(shippedModels, 'tiny-llama-gguf'));
const settings = readSettings({ threads: 1, contextLength: 256 });

/**
 * llama.cpp computes a batch and a single token with different kernels: with 8-bit weights logits differ by
 * some hundredths (0.02 measured here), and by 0.3 when two tokens of sixty are wrong.
 */
const tolerance = 0.15;

let kept: NativeModel;
let fresh: NativeModel;
beforeAll(async () => {
  const parameters = { contextLength: 256, vocabSize: model.vocabSize };
  const load = () => NativeModel.load(file.path, parameters, settings, { signal, onProgress() {} });
  kept = await load();
  fresh = await load();
});
afterAll(async () => {
  await kept[Symbol.asyncDispose]();
  await fresh[Symbol.asyncDispose]();
});

const tokenize = (text: string): number[] => kept.vocabulary.tokenize(text);

/** Loads a prompt and gives the logits after it and how many tokens were cached. */
async function next(native: NativeModel, context: Context, prompt: readonly number[]) {
  const cached = await context.load(prompt, signal);
  await context.evaluate(prompt.slice(-1));
  return { cached, logits: native.logits(0).slice() };
}

test('the logits after a kept prefix are those after a fresh one, turn by turn', async () => {
  const context = new Context(kept, 1, model.parameterCount);
  const turns = [
    'KING RICHARD:\nNow is the winter of our discontent\n',
    '\nQUEEN ELIZABETH:\nWhat says the heaven?\n',
    '\nKING RICHARD:\nThe king is strange to me.\n',
  ];
  const said: number[] = [];
  for (const turn of turns) {
    const known = said.length;
    said.push(...tokenize(turn));
    const { cached, logits } = await next(kept, context, said);
    expect(cached).toBe(known);
    await expectFresh(said, logits);
    // The answer, token by token, as a generation does.
    for (const tokenId of tokenize('Good my lord, I will.\n')) {
      said.push(tokenId);
      await context.evaluate([tokenId]);
    }
  }
  // An edit keeps what is before the change.
  const edited = tokenize(turns[0]!.replace('winter', 'summer'));
  const { cached, logits } = await next(kept, context, edited);
  expect(cached).toBe(turns[0]!.indexOf('winter'));
  await expectFresh(edited, logits);
});

async function expectFresh(prompt: readonly number[], logits: Float32Array): Promise<void> {
  const context = new Context(fresh, 1, model.parameterCount);
  fresh.forget(0);
  const expected = await next(fresh, context, prompt);
  expect(expected.cached).toBe(0);
  const differences = logits.map((logit, id) => Math.abs(logit - expected.logits[id]!));
  expect(Math.max(...differences)).toBeLessThan(tolerance);
}
