import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadTensorFlow } from '../../tensor/index.ts';
import { Eager } from '../../tensor/ops/eager.ts';
import { Parameters } from '../../tensor/ops/parameters.ts';
import { Tape } from '../../tensor/ops/tape.ts';
import {
  contextLength,
  nHidden,
  nLevel,
  parameterCount,
  parameterShapes,
  Wavenet,
  type Weights,
} from './model.ts';
import { losses, type Statistics } from './network.ts';
import { initialWeights } from './train.ts';

interface Summary {
  readonly norm: number;
  readonly first: readonly number[];
  readonly last: readonly number[];
}

/** Made by fixtures/make-vectors.py with PyTorch 2.13 from the same weights: a seed means the same in both. */
const torch = JSON.parse(readFileSync(new URL('./fixtures/torch-vectors.json', import.meta.url), 'utf8')) as {
  parameterCount: number;
  contexts: number[];
  targets: number[];
  loss: number;
  gradients: Record<string, Summary>;
  means: Summary[];
  variances: Summary[];
  logits: number[];
};

let e: Eager;
beforeAll(async () => {
  e = new Eager((await loadTensorFlow()).tf);
});

interface Pass {
  readonly loss: number;
  readonly gradients: ReadonlyMap<string, Float32Array>;
  readonly statistics: readonly { readonly mean: Float32Array; readonly variance: Float32Array }[];
}

const none = { embedding: 0, hidden: 0 };

/** Mean loss of the vectors' batch and its gradients. */
function pass(weights: Weights, dropout = none): Pass {
  const examples = torch.targets.length;
  const parameters = new Parameters(e, parameterShapes, weights, 'float32');
  const statistics: Pass['statistics'][number][] = [];
  return e.scope(() => {
    const tape = new Tape(e, { dtype: 'float32', seed: 11 });
    const contexts = e.tensor(Int32Array.from(torch.contexts), [examples * contextLength]);
    const targets = e.tensor(Int32Array.from(torch.targets), [examples]);
    const node = losses(
      tape,
      parameters,
      { contexts, targets },
      {
        dropout,
        onStatistics: (level, { mean, variance }) => {
          statistics[level] = { mean: e.read(mean), variance: e.read(variance) };
        },
      },
    );
    const loss = e.read(node.value).reduce((sum, value) => sum + value, 0) / examples;
    tape.backward(node, e.tensor(new Float32Array(examples).fill(1 / examples), [examples]));
    const gradients = new Map(
      parameters.all.flatMap(({ name, grad }): [string, Float32Array][] =>
        grad ? [[name, e.read(grad)]] : [],
      ),
    );
    parameters[Symbol.dispose]();
    return { loss, gradients, statistics };
  });
}

const norm = (values: Float32Array) => Math.hypot(...values);

function expectLike(actual: Float32Array, expected: Summary, what: string): void {
  const scale = expected.norm / Math.sqrt(actual.length);
  expect(Math.abs(norm(actual) / expected.norm - 1), what).toBeLessThan(1e-4);
  const ends = [...actual.subarray(0, 6), ...actual.subarray(-6)];
  [...expected.first, ...expected.last].forEach((value, index) => {
    expect(Math.abs(ends[index]! - value) / scale, `${what} [${index}]`).toBeLessThan(2e-3);
  });
}

test('has 175,767 parameters', () => {
  expect(parameterCount).toBe(175_767);
  expect(torch.parameterCount).toBe(175_767);
});

describe('like PyTorch', () => {
  test('loss, gradients and statistics', () => {
    const { loss, gradients, statistics } = pass(initialWeights(3));
    expect(loss).toBeCloseTo(torch.loss, 5);
    expect([...gradients.keys()].sort()).toEqual(Object.keys(torch.gradients).sort());
    for (const [name, expected] of Object.entries(torch.gradients))
      expectLike(gradients.get(name)!, expected, name);
    statistics.forEach(({ mean, variance }, level) => {
      expectLike(mean, torch.means[level]!, `mean ${level}`);
      expectLike(variance, torch.variances[level]!, `variance ${level}`);
    });
  });

  test('the logits of the model in plain JavaScript', () => {
    const { statistics } = pass(initialWeights(3));
    const weights = new Map(initialWeights(3));
    statistics.forEach(({ mean, variance }, level) => {
      weights.set(`levels.${level}.norm.mean`, { shape: [nHidden], data: mean });
      weights.set(`levels.${level}.norm.variance`, { shape: [nHidden], data: variance });
    });
    const logits = new Wavenet(weights).logits(torch.contexts.slice(0, contextLength));
    torch.logits.forEach((value, token) => {
      expect(logits[token]).toBeCloseTo(value, 5);
    });
  });
});

test.each([
  ['without dropout', none],
  ['with dropout', { embedding: 0.2, hidden: 0.3 }],
])('gradients agree with finite differences %s', (_, dropout) => {
  const weights = initialWeights(3);
  const { gradients } = pass(weights, dropout);
  for (const [name, gradient] of gradients) {
    // Along the gradient itself the difference is largest against float32's noise.
    const length = norm(gradient);
    const step = 0.01 / length;
    const lossAt = (sign: number) => {
      const moved = new Map(weights);
      const { shape, data } = weights.get(name)!;
      moved.set(name, { shape, data: data.map((value, index) => value + sign * step * gradient[index]!) });
      return pass(moved, dropout).loss;
    };
    const slope = (lossAt(1) - lossAt(-1)) / (2 * step);
    expect(Math.abs(slope / length ** 2 - 1), name).toBeLessThan(0.02);
  }
});

test('evaluation in TensorFlow and in plain JavaScript agree, biases and statistics included', () => {
  const weights = new Map(initialWeights(5));
  for (let level = 0; level < nLevel; level++) {
    const values = (offset: number) =>
      Float32Array.from({ length: nHidden }, (_, index) => offset + Math.sin(index + level));
    weights.set(`levels.${level}.linear.bias`, { shape: [nHidden], data: values(0) });
    weights.set(`levels.${level}.norm.mean`, { shape: [nHidden], data: values(0.5) });
    weights.set(`levels.${level}.norm.variance`, { shape: [nHidden], data: values(1.5) });
  }
  const model = new Wavenet(weights);
  const examples = torch.targets.length;
  const fromTensorFlow = e.scope(() => {
    const parameters = new Parameters(e, parameterShapes, weights, 'float32');
    const statistics: Statistics[] = Array.from({ length: nLevel }, (_, level) => ({
      mean: e.tensor(weights.get(`levels.${level}.norm.mean`)!.data, [nHidden]),
      variance: e.tensor(weights.get(`levels.${level}.norm.variance`)!.data, [nHidden]),
    }));
    const contexts = e.tensor(Int32Array.from(torch.contexts), [examples * contextLength]);
    const targets = e.tensor(Int32Array.from(torch.targets), [examples]);
    const tape = new Tape(e, { dtype: 'float32' });
    return e.read(losses(tape, parameters, { contexts, targets }, { dropout: none, statistics }).value);
  });
  torch.targets.forEach((target, example) => {
    const logits = model.logits(torch.contexts.slice(example * contextLength, (example + 1) * contextLength));
    const top = Math.max(...logits);
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit - top), 0);
    expect(fromTensorFlow[example]).toBeCloseTo(Math.log(total) + top - logits[target]!, 4);
  });
});

test('weights that are missing or of another shape are refused by name', () => {
  expect(() => new Wavenet(initialWeights(1))).toThrow(/levels\.0\.norm\.mean.*none/);
  const weights = new Map(initialWeights(1));
  weights.set('embedding.weight', { shape: [26, 20], data: new Float32Array(520) });
  expect(() => new Wavenet(weights)).toThrow(/embedding\.weight.*26,20.*27,20/);
});

test('a hundred steps leave no tensor behind', () => {
  pass(initialWeights(3));
  const before = e.numHandles;
  for (let i = 0; i < 100; i++) pass(initialWeights(3));
  expect(e.numHandles).toBe(before);
});
