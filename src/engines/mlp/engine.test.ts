import path from 'node:path';
import { expect, test } from 'vitest';
import { loadWeights, readModelFile } from '../../formats/model-file.ts';
import { sharedDataFolder, shippedModels } from '../../paths.ts';
import { loadDataset } from '../../training/datasets.ts';
import { floatArrays } from '../../training/result.ts';
import { describeEngineContract } from '../engine.contract.ts';
import { factory } from './engine.ts';
import { task } from './train.ts';

const folder = path.join(shippedModels, 'mlp');

describeEngineContract('mlp', (signal) =>
  factory.load({ id: 'mlp', path: folder }, { signal, onProgress: () => {} }),
);

test('the shipped model has the size and the losses that the design asks for', async () => {
  const { parameterCount, losses } = await readModelFile(folder);
  expect(parameterCount).toBe(8_762);
  for (const split of ['train', 'val', 'test']) expect(losses[split]).toBeLessThanOrEqual(2.15);
});

test.skipIf(!sharedDataFolder())('the losses in model.json are those of the weights', async () => {
  const { losses } = await readModelFile(folder);
  const { text } = await loadDataset('names');
  using model = await task.open({ text, weights: floatArrays(await loadWeights(folder)) });
  for (const split of ['train', 'val', 'test'] as const) {
    expect((await model.evaluate(split)).loss).toBeCloseTo(losses[split]!, 5);
  }
});
