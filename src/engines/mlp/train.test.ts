import { describe, expect, it } from 'vitest';
import { hyperOf } from '../../training/task.ts';
import { lectureSize, mlpViews } from './model.ts';
import { initialWeights, task } from './train.ts';

const text = `${['anna', 'bob', 'cara', 'dan', 'eva', 'fay', 'gus', 'hal', 'ida', 'jan'].join('\n')}\n`;
const at = (step: number, steps: number) => ({ step, progress: step / steps });

describe.each(['classic', 'best'] as const)('a %s run', (recipe) => {
  const hyper = { ...hyperOf(task.recipes[recipe]!), batchSize: 8 };

  it('learns', async () => {
    using session = await task.start({ text, hyper: { ...hyper, init: 'scaled' }, seed: 1 });
    expect(session.work).toEqual({ flopsPerToken: 6 * (15 * 200 + 200 * 27), dtype: 'float32' });
    const before = (await session.evaluate('train')).loss;
    for (let step = 0; step < 200; step++) await session.step(at(step, 200));
    expect((await session.evaluate('train')).loss).toBeLessThan(before - 0.3);
  });

  it('cut and restored goes on bit for bit', async () => {
    using whole = await task.start({ text, hyper, seed: 1 });
    using rest = await task.start({ text, hyper, seed: 1 });
    for (let step = 0; step < 8; step++) {
      if (step === 4) rest.restore(whole.state());
      const report = await whole.step(at(step, 8));
      if (step >= 4) expect(await rest.step(at(step, 8))).toEqual(report);
    }
    expect(rest.weights()).toEqual(whole.weights());
    expect(() => rest.restore(new Map())).toThrow(expect.objectContaining({ code: 'CHECKPOINT_INVALID' }));
  });
});

describe('the first weights', () => {
  const deviation = (values: Float32Array) =>
    Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);

  it('are those of TensorFlow.js’s layers, or scaled', () => {
    const layers = mlpViews(lectureSize, initialWeights(1, 'layers'));
    expect(Math.max(...layers.embedding.map(Math.abs))).toBeLessThanOrEqual(0.05);
    expect(deviation(layers.hiddenWeight)).toBeCloseTo(Math.sqrt(2 / 215), 2);
    const scaled = mlpViews(lectureSize, initialWeights(1, 'scaled'));
    expect(deviation(scaled.hiddenWeight)).toBeCloseTo(5 / 3 / Math.sqrt(15), 1);
    for (const { hiddenBias, headBias } of [layers, scaled]) {
      expect([...hiddenBias, ...headBias].every((bias) => bias === 0)).toBe(true);
    }
  });

  it('of another kind are refused', () => {
    expect(() => initialWeights(1, 'zeros')).toThrow(expect.objectContaining({ code: 'INVALID_SETTING' }));
  });
});
