import { beforeAll, describe, expect, test } from 'vitest';
import { loadTensorFlow } from '../../tensor/index.ts';
import { Eager } from '../../tensor/ops/eager.ts';
import { randn, TorchGenerator } from '../../tensor/random/index.ts';
import vectors from './fixtures/torch-vectors.json' with { type: 'json' };
import { FlatOptimiser } from './flat-optimiser.ts';
import { lectureSize as config, mlpLogits, mlpParameterCount, mlpShapes, mlpViews, sizeOf } from './model.ts';
import { type Batch, batchGradients, batchLoss } from './step.ts';

let e: Eager;
beforeAll(async () => {
  e = new Eager((await loadTensorFlow()).tf);
});

const batch: Batch = {
  contexts: Int32Array.from(vectors.contexts),
  targets: Int32Array.from(vectors.targets),
};

/** The weights of make-vectors.py: our generator draws what PyTorch's does. */
function seededWeights(): Float32Array {
  const generator = new TorchGenerator(3);
  const flat = new Float32Array(mlpParameterCount(config));
  const views = mlpViews(config, flat);
  for (const [name, shape] of Object.entries(mlpShapes(config))) {
    views[name as keyof typeof views].set(
      randn(generator, sizeOf(shape)).map((value) => Math.fround(value * 0.3)),
    );
  }
  return flat;
}

function gradientsOf(flat: Float32Array): Float32Array {
  const gradients = new Float32Array(flat.length);
  batchGradients(e, config, mlpViews(config, flat), batch, mlpViews(config, gradients));
  return gradients;
}

describe('against PyTorch 2.13', () => {
  test('the loss of a batch, and the logits of one context by the engine’s own forward pass', () => {
    const weights = mlpViews(config, seededWeights());
    expect(batchLoss(e, config, weights, batch)).toBeCloseTo(vectors.loss, 5);
    const logits = mlpLogits(config, weights, batch.contexts.subarray(0, config.contextLength));
    for (const [i, expected] of vectors.firstLogits.entries()) expect(logits[i]).toBeCloseTo(expected, 4);
  });

  test.each(Object.entries(vectors.gradients))('the gradient of %s', (name, expected) => {
    const found = mlpViews(config, gradientsOf(seededWeights()))[name as keyof ReturnType<typeof mlpViews>];
    expect(Math.hypot(...found)).toBeCloseTo(expected.norm, 4);
    for (const [i, value] of expected.first.entries()) expect(found[i]).toBeCloseTo(value, 5);
    for (const [i, value] of expected.last.entries())
      expect(found.at(i - expected.last.length)).toBeCloseTo(value, 5);
  });
});

test('gradients agree with finite differences', () => {
  const flat = seededWeights();
  const gradients = gradientsOf(flat);
  const views = mlpViews(config, flat);
  // some places of every tensor
  for (let i = 0; i < flat.length; i += 613) {
    const kept = flat[i]!;
    const h = 0.01;
    flat[i] = kept + h;
    const above = batchLoss(e, config, views, batch);
    flat[i] = kept - h;
    const below = batchLoss(e, config, views, batch);
    flat[i] = kept;
    expect(gradients[i]).toBeCloseTo((above - below) / (2 * h), 3);
  }
});

test('AdamW’s first step moves each weight by the rate against its gradient; decay touches matrices only', () => {
  const shapes = { matrix: [1, 2], vector: [2] };
  const optimiser = new FlatOptimiser(shapes, { optimiser: 'adamw', beta2: 0.99, weightDecay: 0.5 });
  const weights = Float32Array.of(1, 1, 1, 1);
  optimiser.step(weights, Float32Array.of(3, -3, 3, -3), 0.1);
  const expected = [1 - 0.05 - 0.1, 1 - 0.05 + 0.1, 1 - 0.1, 1 + 0.1];
  for (const [i, value] of expected.entries()) expect(weights[i]).toBeCloseTo(value, 5);
});

test('an optimiser restored from its state goes on bit for bit', () => {
  const options = { optimiser: 'adamw', beta2: 0.99, weightDecay: 0.1 };
  const one = new FlatOptimiser({ matrix: [2, 2] }, options);
  const weights = Float32Array.of(1, 2, 3, 4);
  one.step(weights, Float32Array.of(1, -2, 3, -4), 0.1);
  const other = new FlatOptimiser({ matrix: [2, 2] }, options);
  other.restore(one.state());
  const copy = weights.slice();
  one.step(weights, Float32Array.of(4, 3, 2, 1), 0.1);
  other.step(copy, Float32Array.of(4, 3, 2, 1), 0.1);
  expect(copy).toEqual(weights);
  expect(() => other.restore(new Map())).toThrow(expect.objectContaining({ code: 'CHECKPOINT_INVALID' }));
});

test('an unknown optimiser is refused', () => {
  const options = { optimiser: 'lion', beta2: 0, weightDecay: 0 };
  expect(() => new FlatOptimiser({}, options)).toThrow(expect.objectContaining({ code: 'INVALID_SETTING' }));
});
