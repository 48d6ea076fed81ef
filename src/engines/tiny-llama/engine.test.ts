/** The shipped model. Small random ones are tried in ../shared/transformer-engine.test.ts. */
import path from 'node:path';
import { expect, test } from 'vitest';
import { loadWeights, readModelFile } from '../../formats/model-file.ts';
import { shippedModels } from '../../paths.ts';
import { describeEngineContract } from '../engine.contract.ts';
import { factory } from './engine.ts';
import { llamaShapes, llamaSize } from './model.ts';

const folder = path.join(shippedModels, 'tiny-llama');

describeEngineContract(
  'tiny-llama',
  (signal) => factory.load({ id: 'tiny-llama', path: folder }, { signal, onProgress: () => {} }),
  { prompt: 'The king ', maxTokens: 12 },
);

test('the shipped weights are those of the architecture', async () => {
  const shapes = llamaShapes({ vocabSize: 65, ...llamaSize });
  const weights = await loadWeights(folder);
  expect(new Map([...weights].map(([name, { shape }]) => [name, shape]))).toEqual(shapes);
  const sizes = [...shapes.values()].map((shape) => shape.reduce((size, length) => size * length, 1));
  expect((await readModelFile(folder)).parameterCount).toBe(sizes.reduce((sum, size) => sum + size, 0));
});
