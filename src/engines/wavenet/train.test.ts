import { expect, test } from 'vitest';
import { hyperOf, type TrainingSession } from '../../training/task.ts';
import { task } from './train.ts';

const names = 'emma\nolivia\nava\nisabella\nsophia\ncharlotte\nmia\namelia\nharper\nevelyn\nabigail\n'.repeat(
  4,
);

const start = (recipe: 'classic' | 'best') =>
  task.start({ text: names, hyper: { ...hyperOf(task.recipes[recipe]!), batchSize: 16 }, seed: 3 });

async function run(session: TrainingSession, from: number, to: number) {
  const reports = [];
  for (let step = from; step < to; step++) reports.push(await session.step({ step, progress: step / 100 }));
  return reports;
}

test.each(['classic', 'best'] as const)(
  '%s learns, tells its gradient, and goes on to the last digit',
  async (recipe) => {
    using whole = await start(recipe);
    const matrices = 4 * 40 * 200 + 2 * 400 * 200 + 400 * 200 + 200 * 27;
    expect(whole.work).toEqual({ flopsPerToken: 6 * matrices, dtype: 'float32' });
    const before = (await whole.evaluate('train')).loss;
    const reports = await run(whole, 0, 40);
    for (const { gradNorm } of reports) expect(gradNorm).toBeGreaterThan(0);
    expect(reports.at(-1)!.loss).toBeLessThan(reports[0]!.loss - 0.5);
    expect((await whole.evaluate('train')).loss).toBeLessThan(before);

    using first = await start(recipe);
    await run(first, 0, 20);
    using second = await start(recipe);
    second.restore(first.state());
    const rest = await run(second, 20, 40);
    expect(rest.map(({ loss }) => loss)).toEqual(reports.slice(20).map(({ loss }) => loss));
    expect(second.weights()).toEqual(whole.weights());
  },
);
