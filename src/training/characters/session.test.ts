/** Training of transformers over characters, with a small GPT on a small text. */
import { beforeAll, describe, expect, test } from 'vitest';
import { gptForward, gptShapes } from '../../engines/gpt/model.ts';
import { loadTensorFlow } from '../../tensor/index.ts';
import { Eager } from '../../tensor/ops/eager.ts';
import type { TrainingSession } from '../task.ts';
import { initialWeights } from './initial.ts';
import { openCharacterModel } from './measure.ts';
import type { CharacterHyper, MakeNetwork } from './network.ts';
import { startCharacterSession } from './session.ts';

const text = 'the quick brown fox jumps over the lazy dog.\n'.repeat(40);
const size = { contextLength: 8, nLayer: 2, nHead: 2, nEmbd: 16, nFf: 32 };

const network: MakeNetwork = (vocabSize) => {
  const config = { vocabSize, ...size };
  return {
    shapes: gptShapes(config),
    contextLength: config.contextLength,
    forward: (tape, parameters, tokens, pass) => gptForward(tape, parameters, config, tokens, pass),
    initial: (seed) => initialWeights(gptShapes(config), seed, () => false),
    attentionWidth: config.nLayer * config.nEmbd,
    isHidden: (name) => /(qkv|project|expand)\.weight$/.test(name),
    matricesIn: (name) => (name.endsWith('qkv.weight') ? 3 : 1),
  };
};

const hyper: CharacterHyper = {
  steps: 100,
  evalEvery: 0,
  patience: 0,
  batchSize: 8,
  microBatchSize: 4,
  learningRate: 3e-3,
  muonLearningRate: 0.02,
  beta1: 0.9,
  beta2: 0.99,
  weightDecay: 0.1,
  muonWeightDecay: 0.1,
  residualDropout: 0.1,
  attentionDropout: 0.1,
  warmup: 0.05,
  decay: 0.5,
  emaDecay: 0.9,
  zeroProjections: false,
  epochs: true,
  precision: 'float32',
};

const start = (change: Partial<CharacterHyper> = {}) =>
  startCharacterSession(network, { text, hyper: { ...hyper, ...change }, seed: 7 });

/** Steps `from` up to `to`. @returns their losses */
const run = async (session: TrainingSession, from: number, to: number) => {
  const losses: number[] = [];
  for (let step = from; step < to; step++) {
    losses.push((await session.step({ step, progress: step / hyper.steps })).loss);
  }
  return losses;
};

let e: Eager;
beforeAll(async () => {
  e = new Eager((await loadTensorFlow()).tf);
});

describe('a session', () => {
  test('learns', async () => {
    using session = await start();
    const before = (await session.evaluate('val')).loss;
    await run(session, 0, 100);
    expect((await session.evaluate('val')).loss).toBeLessThan(before - 1);
  });

  test.each(['float32', 'bfloat16'])(
    'cut and resumed in %s, it goes on to the last digit',
    async (precision) => {
      using whole = await start({ precision });
      const losses = await run(whole, 0, 8);
      using first = await start({ precision });
      await run(first, 0, 4);
      using second = await start({ precision });
      second.restore(first.state());
      expect(await run(second, 4, 8)).toEqual(losses.slice(4));
      expect(second.weights()).toEqual(whole.weights());
      expect(await second.evaluate('val')).toEqual(await whole.evaluate('val'));
    },
  );

  test('in micro-batches the gradient is that of the whole batch', async () => {
    const still = { residualDropout: 0, attentionDropout: 0 };
    using parts = await start({ ...still, microBatchSize: 2 });
    using whole = await start({ ...still, microBatchSize: 8 });
    const at = { step: 0, progress: 0.2 };
    const [a, b] = [await parts.step(at), await whole.step(at)];
    expect(a.loss).toBeCloseTo(b.loss, 5);
    expect(a.gradNorm).toBeCloseTo(b.gradNorm!, 5);
  });

  test('knows its work: 6 operations a weight, and attention’s own', async () => {
    using session = await start();
    const weights = 2 * (3 * 16 * 16 + 16 * 16 + 2 * 16 * 32);
    expect(session.work).toEqual({ flopsPerToken: 6 * weights + 12 * (2 * 16) * 8, dtype: 'float32' });
  });

  test('leaves no tensor behind', async () => {
    {
      using session = await start();
      await run(session, 0, 2);
      await session.evaluate('val');
      const before = e.numHandles;
      await run(session, 2, 6);
      await session.evaluate('val');
      expect(e.numHandles).toBe(before);
      await session.sample({ count: 2, seed: 1 });
      const sampled = e.numHandles;
      await session.sample({ count: 2, seed: 2 });
      expect(e.numHandles).toBe(sampled);
    }
    // Shared constants stay; a further session of the same shape adds none.
    const counts: number[] = [];
    for (let i = 0; i < 3; i++) {
      using session = await start();
      await run(session, 0, 2);
      counts.push(e.numHandles);
    }
    expect(counts[2]! - counts[0]!).toBe(0);
  });

  test('evaluates the averages and ships them', async () => {
    using session = await start();
    await run(session, 0, 20);
    using shipped = await openCharacterModel(network, { text, weights: session.weights() });
    const [own, reopened] = [await session.evaluate('val'), await shipped.evaluate('val')];
    expect(reopened.tokens).toBe(own.tokens);
    expect(reopened.loss).toBeCloseTo(own.loss, 5);
  });

  test('refuses a checkpoint of another shape', async () => {
    using session = await start();
    const state = new Map(session.state());
    state.delete('muon.momentum.blocks.0.attention.qkv.weight');
    expect(() => session.restore(state)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_INVALID' }));
  });
});

describe('a measured model', () => {
  test('predicts every token of the split but the first, the last window being shorter', async () => {
    using session = await start();
    const val = text.length - Math.floor(0.9 * text.length);
    expect((await session.evaluate('val')).tokens).toBe(val - 1);
    expect((val - 1) % size.contextLength).not.toBe(0);
  });

  test('tells its predictions one by one: those of the whole windows', async () => {
    using session = await start();
    using model = await openCharacterModel(network, { text, weights: session.weights() });
    const nlls: number[] = [];
    const positions: number[] = [];
    await model.predict('val', {}, ({ probabilities, target, position }) => {
      nlls.push(-Math.log(probabilities[target]!));
      positions.push(position);
    });
    const { loss, tokens } = await model.evaluate('val');
    expect(nlls).toHaveLength(tokens - (tokens % size.contextLength));
    expect(positions.slice(6, 10)).toEqual([6, 7, 0, 1]);
    const mean = nlls.reduce((sum, nll) => sum + nll, 0) / nlls.length;
    expect(Math.abs(mean - loss)).toBeLessThan(0.02);
    let few = 0;
    await model.predict('val', { limit: 10 }, () => few++);
    expect(few).toBe(16);
  });

  test('samples the same texts for the same seed', async () => {
    using session = await start();
    const texts = await session.sample({ count: 2, seed: 1 });
    expect(await session.sample({ count: 2, seed: 1 })).toEqual(texts);
    expect(await session.sample({ count: 2, seed: 2 })).not.toEqual(texts);
    expect(texts.map((one) => one.length)).toEqual([300, 300]);
  });

  test('estimates near the whole split’s loss', async () => {
    using session = await start();
    const { loss } = await session.evaluate('val');
    const estimate = await session.estimate!('val', { batches: 4, seed: 1 });
    expect(Math.abs(estimate.loss - loss)).toBeLessThan(0.1);
  });
});
