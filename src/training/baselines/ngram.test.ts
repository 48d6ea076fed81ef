import { describe, expect, test } from 'vitest';
import type { Split } from '../task.ts';
import { type NgramBaseline, ngramBaseline } from './ngram.ts';

const names = ['emma', 'emmy', 'ella', 'elsa', 'anna', 'anne', 'hanna', 'lena', 'elena', 'lea'].flatMap(
  (name) => [name, `${name}lyn`, `mary${name}`],
);
const prose = 'The cat sat on the mat, and the rat sat on the hat.\n'.repeat(40);

async function nlls(model: NgramBaseline, split: Split, limit?: number) {
  const found: { nll: number; position: number }[] = [];
  await model.predict(split, limit === undefined ? {} : { limit }, ({ probabilities, target, position }) => {
    found.push({ nll: -Math.log(probabilities[target]!), position });
  });
  return found;
}

const mean = (values: readonly { nll: number }[]) =>
  values.reduce((sum, { nll }) => sum + nll, 0) / values.length;

describe('names', () => {
  const text = names.join('\n');

  test('every letter and every end is predicted, each name from position 0', async () => {
    const found = await nlls(ngramBaseline('names', text, 3), 'train');
    expect(found.filter(({ position }) => position === 0)).toHaveLength(Math.floor(0.8 * names.length));
    expect(
      found.filter(({ position }, i) => i > 0 && position !== 0 && position !== found[i - 1]!.position + 1),
    ).toEqual([]);
  });

  test('a longer context fits the training names better', async () => {
    const [short, long] = await Promise.all(
      [2, 4].map(async (order) => mean(await nlls(ngramBaseline('names', text, order), 'train'))),
    );
    expect(long!).toBeLessThan(short! - 0.1);
  });

  test('samples are the same for the same seed, and of its letters', () => {
    const model = ngramBaseline('names', text, 3);
    expect(model.sample({ count: 5, seed: 1 })).toEqual(model.sample({ count: 5, seed: 1 }));
    for (const name of model.sample({ count: 20, seed: 2 })) expect(name).toMatch(/^[a-z]*$/);
  });
});

describe('a text', () => {
  test('one that repeats itself is foretold with near certainty', async () => {
    const found = await nlls(ngramBaseline('shakespeare', prose, 8), 'val');
    expect(found).toHaveLength(prose.length - Math.floor(0.9 * prose.length) - 1);
    expect(mean(found)).toBeLessThan(0.4);
    expect(mean(await nlls(ngramBaseline('shakespeare', prose, 2), 'val'))).toBeGreaterThan(0.7);
  });

  test('only so many predictions as asked for', async () => {
    expect(await nlls(ngramBaseline('shakespeare', prose, 3), 'val', 7)).toHaveLength(7);
  });

  test('samples go on', () => {
    const [text] = ngramBaseline('shakespeare', prose, 8).sample({ count: 1, seed: 1 });
    expect(text).toHaveLength(300);
    expect(text).toContain('sat on');
  });
});
