/** The shipped model. Small random ones are tried in ../shared/transformer-engine.test.ts. */
import path from 'node:path';
import { expect, test } from 'vitest';
import { loadWeights, readModelFile } from '../../formats/model-file.ts';
import { sharedDataFolder, shippedModels } from '../../paths.ts';
import { loadDataset } from '../../training/datasets.ts';
import { floatArrays } from '../../training/result.ts';
import { describeEngineContract } from '../engine.contract.ts';
import { factory } from './engine.ts';
import { gptShapes, gptSize } from './model.ts';
import { task } from './train.ts';

const folder = path.join(shippedModels, 'gpt');

describeEngineContract(
  'gpt',
  (signal) => factory.load({ id: 'gpt', path: folder }, { signal, onProgress: () => {} }),
  { prompt: 'The king ', maxTokens: 12 },
);

test('has exactly the lecture’s 10,788,929 parameters', async () => {
  const sizes = [...gptShapes({ vocabSize: 65, ...gptSize }).values()];
  const count = sizes.reduce((sum, shape) => sum + shape.reduce((size, length) => size * length, 1), 0);
  expect(count).toBe(10_788_929);
  expect((await readModelFile(folder)).parameterCount).toBe(count);
});

test('the shipped loss beats nanoGPT’s', async () => {
  expect((await readModelFile(folder)).losses['val']).toBeLessThanOrEqual(1.4697);
});

test.skipIf(!sharedDataFolder())('the weights know a piece of the validation text', async () => {
  // The whole split takes ten seconds: `babble eval gpt` measures it. This piece is harder than the mean.
  const { text } = await loadDataset('shakespeare');
  const val = text.slice(Math.floor(0.9 * text.length));
  // Splitting keeps a tenth for val: pad in front, so that the tenth is a piece of val.
  const piece = text.slice(0, 9 * 5000) + val.slice(0, 5000);
  const characters = [...new Set(text)].join('');
  const weights = floatArrays(await loadWeights(folder));
  using model = await task.open({ text: characters + piece.slice(characters.length), weights });
  expect((await model.evaluate('val')).loss).toBeLessThan(1.75);
});
