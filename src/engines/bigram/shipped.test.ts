import path from 'node:path';
import { expect, test } from 'vitest';
import { loadWeights, readModelFile } from '../../formats/model-file.ts';
import { sharedDataFolder, shippedModels } from '../../paths.ts';
import { loadDataset } from '../../training/datasets.ts';
import { floatArrays } from '../../training/result.ts';
import { hyperOf, type TrainingTask } from '../../training/task.ts';
import { countTask, gradTask } from './train.ts';

const tasks: readonly (readonly [string, TrainingTask, number])[] = [
  ['bigram-count', countTask, 2.454],
  ['bigram-grad', gradTask as unknown as TrainingTask, 2.4554],
];

test.skipIf(!sharedDataFolder()).each(tasks)(
  '%s: trained again it is the shipped model, with the loss in model.json',
  async (id, task, published) => {
    const folder = path.join(shippedModels, id);
    const { text } = await loadDataset('names');
    const shipped = floatArrays(await loadWeights(folder));
    const hyper = hyperOf(task.recipes.classic);
    using session = await task.start({ text, hyper, seed: 1337 });
    for (let step = 0; step < hyper.steps; step++) await session.step({ step, progress: step / hyper.steps });
    for (const [name, { data }] of session.weights()) {
      const expected = shipped.get(name)!.data;
      expect(data.length).toBe(expected.length);
      for (let i = 0; i < data.length; i++) expect(data[i]).toBeCloseTo(expected[i]!, 4);
    }
    using model = await task.open({ text, weights: shipped });
    const { loss, tokens } = await model.evaluate('train');
    expect(tokens).toBe(228_146);
    expect(loss).toBeCloseTo((await readModelFile(folder)).losses['train']!, 6);
    expect(loss).toBeCloseTo(published, 4);
  },
);
