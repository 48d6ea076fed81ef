import { describe, expect, test } from 'vitest';
import type { OpenedModel, Split, TokenPrediction } from './task.ts';
import { loadTask } from './tasks.ts';

const names = 'emma\nolivia\nava\nisabella\nsophia\ncharlotte\nmia\namelia\nharper\nevelyn\nabigail\n'.repeat(
  4,
);

async function predictions(model: OpenedModel, split: Split) {
  const seen: { nll: number; position: number; sum: number }[] = [];
  await model.predict(split, {}, (one: TokenPrediction) => {
    const sum = one.probabilities.reduce((total, p) => total + p, 0);
    seen.push({ nll: -Math.log(one.probabilities[one.target]!), position: one.position, sum });
  });
  return seen;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('predictions one by one give the loss of the whole split', () => {
  test.each(['mlp', 'wavenet'])('%s', async (name) => {
    const task = await loadTask(name);
    const hyper = Object.fromEntries(
      Object.entries(task.recipes.classic).map(([key, { value }]) => [key, value]),
    ) as never;
    const session = await task.start({ text: names, hyper, seed: 3 });
    using model = await task.open({ text: names, weights: session.weights() });
    session[Symbol.dispose]();
    const seen = await predictions(model, 'val');
    const { loss, tokens } = await model.evaluate('val');
    expect(seen).toHaveLength(tokens);
    expect(mean(seen.map(({ nll }) => nll))).toBeCloseTo(loss, 4);
    for (const { sum } of seen) expect(sum).toBeCloseTo(1, 4);
    // Each name's letters are counted from 0.
    expect(seen.filter(({ position }) => position === 0)).toHaveLength(4);
  });
});
