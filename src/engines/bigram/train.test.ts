import { describe, expect, it } from 'vitest';
import { hyperOf } from '../../training/task.ts';
import { countTask, gradTask } from './train.ts';

const text = `${['anna', 'bob', 'cara', 'dan', 'eva', 'fay', 'gus', 'hal', 'ida', 'jan'].join('\n')}\n`;
const at = (step: number, steps: number) => ({ step, progress: step / steps });

describe('bigram-count', () => {
  it('counts the pairs of letters', async () => {
    using session = await countTask.start({ text, hyper: hyperOf(countTask.recipes.classic), seed: 1 });
    await session.step(at(0, 1));
    const counts = Array.from(session.weights().get('counts')!.data);
    const count = (before: number, next: number) => counts[before * 27 + next];
    expect(count(0, 1)).toBe(1); // one name begins with a
    expect(count(1, 0)).toBe(4); // four end with it
    expect(count(14, 14)).toBe(1); // anna
    expect(counts.reduce((sum, value) => sum + value, 0)).toBe(text.length);
    using opened = await countTask.open({ text, weights: session.weights() });
    expect(await opened.evaluate('train')).toEqual(await session.evaluate('train'));
  });
});

describe('bigram-grad', () => {
  const hyper = { ...hyperOf(gradTask.recipes.classic), learningRate: 5 };

  it('comes close to what counting gives', async () => {
    using counted = await countTask.start({ text, hyper: hyperOf(countTask.recipes.classic), seed: 1 });
    await counted.step(at(0, 1));
    using session = await gradTask.start({ text, hyper, seed: 1 });
    const before = (await session.evaluate('train')).loss;
    expect(session.step(at(0, 400))).toMatchObject({ loss: expect.closeTo(before, 4) });
    for (let step = 1; step < 400; step++) await session.step(at(step, 400));
    const { loss } = await session.evaluate('train');
    const least = (await counted.evaluate('train')).loss;
    expect(loss).toBeGreaterThan(least);
    expect(loss).toBeLessThan(least + 0.1);
  });

  it('cut and restored goes on bit for bit', async () => {
    using whole = await gradTask.start({ text, hyper, seed: 1 });
    using rest = await gradTask.start({ text, hyper, seed: 1 });
    for (let step = 0; step < 6; step++) {
      if (step === 3) rest.restore(whole.state());
      await whole.step(at(step, 6));
      if (step >= 3) await rest.step(at(step, 6));
    }
    expect(rest.weights()).toEqual(whole.weights());
    expect(() => rest.restore(new Map())).toThrow(expect.objectContaining({ code: 'CHECKPOINT_INVALID' }));
  });
});
