/** Sessions that start from a finished model, whole and by an adapter, with a small GPT on small texts. */
import { beforeAll, describe, expect, test } from 'vitest';
import { gptForward, gptShapes } from '../../engines/gpt/model.ts';
import type { ModelFile } from '../../formats/model-file.ts';
import type { BaseModel, FinetuneTask, TrainingSession } from '../task.ts';
import { hyperOf } from '../task.ts';
import { characterFinetune, type FinetuneHyper } from './finetune.ts';
import { initialWeights } from './initial.ts';
import type { CharacterHyper, MakeNetwork } from './network.ts';
import { startCharacterSession } from './session.ts';

const size = { contextLength: 8, nLayer: 2, nHead: 2, nEmbd: 16, nFf: 32 };
const network: MakeNetwork = (vocabSize) => {
  const config = { vocabSize, ...size };
  return {
    shapes: gptShapes(config),
    contextLength: config.contextLength,
    forward: (tape, parameters, tokens, pass) => gptForward(tape, parameters, config, tokens, pass),
    initial: (seed) => initialWeights(gptShapes(config), seed, () => false),
    isHidden: (name) => /(qkv|project|expand)\.weight$/.test(name),
    matricesIn: (name) => (name.endsWith('qkv.weight') ? 3 : 1),
  };
};

const first = 'the quick brown fox jumps over the lazy dog.\n'.repeat(40);
const second = 'zebras doze by quiet pools; frogs jump.\n'.repeat(40).replaceAll(';', '.');
const vocabulary = [...new Set(first)].sort();

let base: BaseModel;
beforeAll(async () => {
  const { finetune } = characterFinetune(network)({ adapter: false } as BaseModel).recipes;
  const hyper: CharacterHyper = {
    ...hyperOf(finetune),
    batchSize: 8,
    microBatchSize: 8,
    precision: 'float32',
  };
  using session = await startCharacterSession(network, { text: first, hyper, seed: 1 });
  await run(session, 0, 60);
  const file = { vocabulary, weights: { sha256: '' } } as unknown as ModelFile;
  base = { file, weights: session.weights(), vocabulary, name: 'mine', source: 'x.txt', adapter: false };
});

async function run(session: TrainingSession, from: number, to: number): Promise<number[]> {
  const losses: number[] = [];
  for (let step = from; step < to; step++) {
    losses.push((await session.step({ step, progress: step / 100 })).loss);
  }
  return losses;
}

describe.each(['finetune', 'lora'] as const)('%s', (recipe) => {
  let task: FinetuneTask<FinetuneHyper>;
  const start = () => {
    task = characterFinetune(network)({ ...base, adapter: recipe === 'lora' });
    const small = { batchSize: 8, microBatchSize: 4, precision: 'float32' };
    const hyper = { ...hyperOf(task.recipes[recipe]!), ...small };
    return task.start({ text: second, hyper, seed: 3 });
  };

  test('begins as the base, and gets better on the new text', async () => {
    using session = await start();
    using before = await task.open({
      text: second,
      weights: recipe === 'lora' ? new Map() : base.weights,
    });
    const { loss } = await session.evaluate('val');
    expect(loss).toBeCloseTo((await before.evaluate('val')).loss, 5);
    await run(session, 0, 60);
    expect((await session.evaluate('val')).loss).toBeLessThan(loss - 0.1);
  });

  test('what it ships measures as it does, and samples alike', async () => {
    using session = await start();
    await run(session, 0, 10);
    using shipped = await task.open({ text: second, weights: session.weights() });
    expect((await shipped.evaluate('val')).loss).toBeCloseTo((await session.evaluate('val')).loss, 4);
    const asked = { count: 1, seed: 1 };
    const [own, theirs] = [await session.sample(asked), await shipped.sample(asked)];
    expect(theirs[0]!.slice(0, 20)).toBe(own[0]!.slice(0, 20));
  });

  test('cut and resumed, it goes on to the last digit', async () => {
    using whole = await start();
    const losses = await run(whole, 0, 8);
    using cut = await start();
    await run(cut, 0, 4);
    using again = await start();
    again.restore(cut.state());
    expect(await run(again, 4, 8)).toEqual(losses.slice(4));
    expect(again.weights()).toEqual(whole.weights());
  });
});

test('an adapter is all that is kept of a run by an adapter', async () => {
  const task = characterFinetune(network)({ ...base, adapter: true });
  const hyper = { ...hyperOf(task.recipes.lora!), batchSize: 8, microBatchSize: 8, loraRank: 2 };
  using session = await task.start({ text: second, hyper, seed: 3 });
  const names = [...session.weights().keys()];
  expect(names.every((name) => /\.weight\.(up|down)$/.test(name))).toBe(true);
  expect(names).toHaveLength(2 * 4 * size.nLayer);
  expect(session.weights().get('blocks.0.attention.qkv.weight.up')!.shape).toEqual([48, 2]);
  const own = [...session.state().keys()].filter((name) => !name.startsWith('adamw.'));
  expect(own).toEqual(names);
});
