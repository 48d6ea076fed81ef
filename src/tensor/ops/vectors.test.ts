/** Whole models against PyTorch: logits, loss and every gradient. Vectors by fixtures/make-vectors.py. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { gptForward, gptShapes } from '../../engines/gpt/model.ts';
import { llamaForward, llamaShapes } from '../../engines/tiny-llama/model.ts';
import { AdamW } from '../../training/optimisers/adamw.ts';
import { Muon } from '../../training/optimisers/muon.ts';
import { loadTensorFlow } from '../index.ts';
import { crossEntropy } from './cross-entropy.ts';
import { Eager } from './eager.ts';
import { Parameters, type Weights } from './parameters.ts';
import { Tape } from './tape.ts';
import type { TransformerConfig } from './transformer.ts';

interface Values {
  readonly shape: number[];
  readonly data: number[];
}
interface ModelVectors {
  readonly tokens: number[];
  readonly targets: number[];
  readonly parameters: Record<string, Values>;
  readonly logits: Values;
  readonly loss: number;
  readonly gradients: Record<string, Values>;
}
interface OptimiserVectors {
  readonly start: Values;
  readonly gradients: Values[];
  readonly values: Values[];
}
const vectors = JSON.parse(readFileSync(new URL('./fixtures/vectors.json', import.meta.url), 'utf8')) as {
  config: TransformerConfig;
  gpt: ModelVectors;
  llama: ModelVectors;
} & Record<'adamw' | 'muonWide' | 'muonTall', OptimiserVectors>;

let e: Eager;
beforeAll(async () => {
  e = new Eager((await loadTensorFlow()).tf);
});

const weightsOf = (arrays: Record<string, Values>): Weights =>
  new Map(
    Object.entries(arrays).map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]),
  );

/** Largest difference, in parts of the largest expected value. */
function difference(actual: Float32Array, expected: readonly number[]): number {
  expect(actual.length).toBe(expected.length);
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!))) / largest;
}

const models = [
  { name: 'gpt', shapes: gptShapes, forward: gptForward, vectors: vectors.gpt },
  { name: 'tiny-llama', shapes: llamaShapes, forward: llamaForward, vectors: vectors.llama },
];

describe.each(models)('$name', ({ shapes, forward, vectors: { tokens, targets, ...expected } }) => {
  const { config } = vectors;

  function pass(dtype: 'float32' | 'bfloat16', weights = expected.parameters) {
    const parameters = new Parameters(e, shapes(config), weightsOf(weights), dtype);
    const logits = e.scope(() => {
      const tape = new Tape(e, { dtype, seed: 1 });
      const rows = tokens.length;
      const input = e.tensor(Int32Array.from(tokens), [rows / config.contextLength, config.contextLength]);
      const output = forward(tape, parameters, config, input);
      const values = e.read(output.value);
      const losses = crossEntropy(tape, output, e.tensor(Int32Array.from(targets), [rows]));
      const loss = e.read(losses.value).reduce((sum, value) => sum + value, 0) / rows;
      tape.backward(losses, e.tensor(new Float32Array(rows).fill(1 / rows), [rows]));
      return { values, loss };
    });
    return { parameters, ...logits };
  }

  it('gives the logits, the loss and the gradients of PyTorch', () => {
    const { parameters, values, loss } = pass('float32');
    expect(difference(values, expected.logits.data)).toBeLessThan(2e-5);
    expect(loss).toBeCloseTo(expected.loss, 5);
    for (const { name, grad } of parameters.all) {
      expect(difference(e.read(grad!), expected.gradients[name]!.data), name).toBeLessThan(1e-4);
    }
    parameters[Symbol.dispose]();
  });

  it('has the slope that finite differences show', () => {
    const { parameters } = pass('float32');
    const step = 2e-4; // longer ones cross ReLU's kinks, shorter ones drown in rounding
    // One random direction through all parameters together: ±1 for each number.
    let seed = 1;
    const signs = new Map(
      parameters.all.map(({ name, value }) => {
        const draw = () => {
          seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
          return seed >>> 31 === 0 ? 1 : -1;
        };
        return [name, e.read(value).map(draw)];
      }),
    );
    const lossAt = (distance: number) => {
      const moved = Object.entries(expected.parameters).map(([name, { shape, data }]): [string, Values] => [
        name,
        { shape, data: data.map((value, i) => value + distance * signs.get(name)![i]!) },
      ]);
      const { loss, parameters: own } = pass('float32', Object.fromEntries(moved));
      own[Symbol.dispose]();
      return loss;
    };
    const slope = parameters.all.reduce((sum, { name, grad }) => {
      const sign = signs.get(name)!;
      return e.read(grad!).reduce((part, value, i) => part + value * sign[i]!, sum);
    }, 0);
    expect((lossAt(step) - lossAt(-step)) / (2 * step) / slope).toBeCloseTo(1, 1.5);
    parameters[Symbol.dispose]();
  });

  it('comes near them in bfloat16', () => {
    const { parameters, loss } = pass('bfloat16');
    expect(Math.abs(loss - expected.loss)).toBeLessThan(0.02);
    for (const { name, grad } of parameters.all) {
      expect(difference(e.read(grad!), expected.gradients[name]!.data), name).toBeLessThan(0.15);
    }
    parameters[Symbol.dispose]();
  });

  it('leaves no tensor behind', () => {
    pass('bfloat16').parameters[Symbol.dispose]();
    const before = e.numHandles;
    for (let i = 0; i < 3; i++) pass('bfloat16').parameters[Symbol.dispose]();
    expect(e.numHandles).toBe(before);
  });
});

describe('optimisers', () => {
  const adamw = { learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1 };
  const muon = {
    learningRate: 0.02,
    momentum: 0.95,
    weightDecay: 0.1,
    dtype: 'float32',
    matricesIn: () => 1,
  } as const;

  it.each([
    // PyTorch runs Newton–Schulz in bfloat16; here it is float32.
    ['adamw', vectors.adamw, (p: Parameters) => new AdamW(e, p, p.all, adamw), 1e-5],
    ['muon, wide', vectors.muonWide, (p: Parameters) => new Muon(e, p, p.all, muon), 4e-3],
    ['muon, tall', vectors.muonTall, (p: Parameters) => new Muon(e, p, p.all, muon), 4e-3],
  ] as const)('%s steps as in PyTorch', (_, { start, gradients, values }, make, tolerance) => {
    const parameters = new Parameters(e, new Map([['w', start.shape]]), weightsOf({ w: start }), 'float32');
    const optimiser = make(parameters);
    gradients.forEach((gradient, step) => {
      parameters.get('w').grad = e.tensor(Float32Array.from(gradient.data), gradient.shape);
      optimiser.step(1);
      parameters.clearGradients();
      expect(difference(e.read(parameters.get('w').value), values[step]!.data)).toBeLessThan(tolerance);
    });
    parameters[Symbol.dispose]();
  });
});
