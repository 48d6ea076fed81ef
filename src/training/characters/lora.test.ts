/** Adapters beside a small GPT: their gradients, and what they are once merged. */
import { beforeAll, expect, test } from 'vitest';
import { gptForward, gptShapes } from '../../engines/gpt/model.ts';
import { mergeAdapter } from '../../formats/adapter.ts';
import { loadTensorFlow } from '../../tensor/index.ts';
import { crossEntropy } from '../../tensor/ops/cross-entropy.ts';
import { Eager } from '../../tensor/ops/eager.ts';
import { Parameters, type Weights } from '../../tensor/ops/parameters.ts';
import { Tape } from '../../tensor/ops/tape.ts';
import { randn, TorchGenerator } from '../../tensor/random/index.ts';
import { initialWeights } from './initial.ts';
import { attachAdapters } from './lora.ts';
import type { CharacterNetwork } from './network.ts';

const config = { vocabSize: 5, contextLength: 4, nLayer: 2, nHead: 2, nEmbd: 8, nFf: 16 };
const network: CharacterNetwork = {
  shapes: gptShapes(config),
  contextLength: config.contextLength,
  forward: (tape, parameters, tokens, pass) => gptForward(tape, parameters, config, tokens, pass),
  initial: (seed) => initialWeights(gptShapes(config), seed, () => false),
  isHidden: (name) => /(qkv|project|expand)\.weight$/.test(name),
  matricesIn: () => 1,
};

let e: Eager;
beforeAll(async () => {
  e = new Eager((await loadTensorFlow()).tf);
});

/** Weights well away from zero, so that differences show. */
const random = (shapes: Iterable<readonly [string, readonly number[]]>, seed: number): Weights => {
  const generator = new TorchGenerator(seed);
  return new Map(
    Array.from(shapes, ([name, shape]) => {
      const size = shape.reduce((product, length) => product * length, 1);
      return [name, { shape, data: randn(generator, size).map((value) => 0.3 * value) }];
    }),
  );
};

/** A base with adapters that are not zero. */
function adapted() {
  const base = random(network.shapes, 1);
  const parameters = new Parameters(e, network.shapes, base, 'float32');
  const adapters = attachAdapters(e, parameters, network, { rank: 2, seed: 3, dtype: 'float32' });
  adapters.restore(
    random(
      adapters.all.map(({ name, shape }) => [name, shape] as const),
      2,
    ),
  );
  return { base, parameters, adapters };
}

const tokens = Int32Array.of(0, 1, 2, 3, 4, 3, 2, 1);
const targets = Int32Array.of(1, 2, 3, 4, 3, 2, 1, 0);

/** Sum of the losses; with gradients when asked. */
function loss(parameters: Parameters, withGradients = false): number {
  return e.scope(() => {
    const tape = new Tape(e, { dtype: 'float32', ...(withGradients ? { seed: 1 } : {}) });
    const logits = network.forward(tape, parameters, e.tensor(tokens, [2, 4]));
    const losses = crossEntropy(tape, logits, e.tensor(targets, [8]));
    const sum = e.read(losses.value).reduce((total, one) => total + one, 0);
    if (withGradients) tape.backward(losses, e.unary('OnesLike', losses.value));
    return sum;
  });
}

function logitsOf(parameters: Parameters): Float32Array {
  return e.scope(() => {
    const tape = new Tape(e, { dtype: 'float32' });
    return e.read(network.forward(tape, parameters, e.tensor(tokens, [2, 4])).value);
  });
}

test('a fresh adapter changes nothing', () => {
  const base = random(network.shapes, 1);
  const parameters = new Parameters(e, network.shapes, base, 'float32');
  const before = logitsOf(parameters);
  attachAdapters(e, parameters, network, { rank: 2, seed: 3, dtype: 'float32' });
  expect(logitsOf(parameters)).toEqual(before);
});

test('gradients agree with finite differences; the base has none', () => {
  const { parameters, adapters } = adapted();
  loss(parameters, true);
  expect(parameters.all.filter(({ grad }) => grad !== undefined)).toEqual([]);
  const step = 1e-2;
  for (const parameter of adapters.all) {
    const gradient = e.read(parameter.grad!);
    const own = e.read(parameter.value);
    const moved = (index: number, by: number) => {
      const values = own.slice();
      values[index]! += by;
      adapters.assign(parameter, e.tensor(values, parameter.shape));
      return loss(parameters);
    };
    const steepest = gradient.indexOf(gradient.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a)));
    for (const index of [steepest, 0, own.length - 1]) {
      const slope = (moved(index, step) - moved(index, -step)) / (2 * step);
      const error = Math.abs(slope - gradient[index]!);
      expect(error, `${parameter.name}[${index}]`).toBeLessThan(2e-3 + 0.02 * Math.abs(slope));
    }
    adapters.assign(parameter, e.tensor(own, parameter.shape));
  }
});

test('the merged model gives the logits of base and adapter', () => {
  const { base, parameters, adapters } = adapted();
  const merged = new Parameters(e, network.shapes, mergeAdapter(base, adapters.read()), 'float32');
  const [apart, together] = [logitsOf(parameters), logitsOf(merged)];
  const unchanged = logitsOf(new Parameters(e, network.shapes, base, 'float32'));
  const distance = (a: Float32Array, b: Float32Array) => Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));
  expect(distance(apart, together)).toBeLessThan(1e-4);
  expect(distance(apart, unchanged)).toBeGreaterThan(0.1);
});
