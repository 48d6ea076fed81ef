/**
 * Training and measuring of transformers over characters: batches, micro-batches, recipes. What differs
 * between models (the forward pass, the shapes) comes as a `CharacterNetwork`.
 */

import { loadTensorFlow } from '../tensor/index.ts';
import { crossEntropy } from '../tensor/ops/cross-entropy.ts';
import { Eager } from '../tensor/ops/eager.ts';
import { type ParameterShapes, Parameters, type Weights } from '../tensor/ops/parameters.ts';
import { fastDType } from '../tensor/ops/precision.ts';
import type { DType, Handle } from '../tensor/ops/runtime.ts';
import { type Node, type Parameter, Tape } from '../tensor/ops/tape.ts';
import type { Pass } from '../tensor/ops/transformer.ts';
import { AdamW } from './optimisers/adamw.ts';
import { Ema } from './optimisers/ema.ts';
import { Muon } from './optimisers/muon.ts';
import type { Optimiser } from './optimisers/optimiser.ts';
import { derivedSeed, independentOrder, shuffledOrder } from './order.ts';
import { warmupStableDecay } from './schedules.ts';
import { splitCharacters } from './splits.ts';
import type {
  EvalReport,
  HyperParameters,
  MeasurableModel,
  NamedArrays,
  Split,
  StepPosition,
  TaskSetup,
  TrainingSession,
} from './task.ts';

/** A transformer over characters, for a given vocabulary. */
export interface CharacterNetwork {
  readonly shapes: ParameterShapes;
  readonly contextLength: number;
  /** Tokens (B, T) int32 → logits (B·T, V). */
  forward(tape: Tape, parameters: Parameters, tokens: Handle, pass?: Pass): Node;
  initial(seed: number, zeroProjections: boolean): Weights;
  /** Whether Muon may train the parameter: a matrix inside the network. */
  isHidden(name: string): boolean;
  /** Matrices that a parameter stands for, one below the other (3 for fused q, k, v). */
  matricesIn(name: string): number;
}

export interface CharacterHyper extends HyperParameters {
  /** Windows of contextLength a step. */
  readonly batchSize: number;
  /** Windows at once; the others of a step follow and their gradients add up. Divides batchSize. */
  readonly microBatchSize: number;
  readonly learningRate: number;
  /** Learning rate of the matrices inside the network under Muon; 0 trains them with AdamW as well. */
  readonly muonLearningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly weightDecay: number;
  readonly muonWeightDecay: number;
  readonly residualDropout: number;
  readonly attentionDropout: number;
  /** Parts of the run in which the rate rises and falls to 0, linearly. */
  readonly warmup: number;
  readonly decay: number;
  /** 0: no average is kept. */
  readonly emaDecay: number;
  readonly zeroProjections: boolean;
  /** Every window once an epoch, shifted anew each epoch; false draws windows independently. */
  readonly epochs: boolean;
  /** Dtype of matrix products: 'float32', 'bfloat16', or 'auto' (bfloat16 where the processor has it). */
  readonly precision: string;
}

/** Windows in one pass of an evaluation: enough to fill the cores, small enough for the cache. */
const evalBatch = 16;

export async function startCharacterSession(
  makeNetwork: (vocabSize: number) => CharacterNetwork,
  { text, hyper, seed }: TaskSetup<CharacterHyper>,
): Promise<TrainingSession> {
  const splits = splitCharacters(text);
  const network = makeNetwork(splits.characters.length);
  const { contextLength } = network;
  const e = new Eager((await loadTensorFlow()).tf);
  const dtype = hyper.precision === 'auto' ? fastDType() : (hyper.precision as DType);
  const parameters = new Parameters(e, network.shapes, network.initial(seed, hyper.zeroProjections), dtype);
  const optimisers = makeOptimisers(e, parameters, network, hyper, dtype);
  const ema = hyper.emaDecay > 0 ? new Ema(e, parameters, hyper.emaDecay) : undefined;
  const schedule = warmupStableDecay({ warmup: hyper.warmup, decay: hyper.decay });
  const batches = windows(splits.train, contextLength, hyper, seed);
  const drop = { residual: hyper.residualDropout, attention: hyper.attentionDropout };
  const { batchSize, microBatchSize } = hyper;
  const averaged = <T>(body: () => T): T => (ema ? ema.swapped(body) : body());

  /** Gradients of one micro-batch, added to the parameters'; the mean loss stays in TensorFlow. */
  const microStep = (starts: Uint32Array, stepSeed: number): number =>
    e.scope(() => {
      const tape = new Tape(e, { dtype, seed: stepSeed });
      const { inputs, targets } = windowTensors(e, splits.train, starts, contextLength);
      const losses = crossEntropy(tape, network.forward(tape, parameters, inputs, { drop }), targets);
      const rows = microBatchSize * contextLength;
      const share = e.op('Fill', [e.ints([rows]), e.scalar(1 / (batchSize * contextLength))], {
        T: 'float32',
        index_type: 'int32',
      });
      const mean = e.mean(losses.value, [0]);
      const loss = e.read(mean)[0]!;
      tape.backward(losses, share);
      return loss;
    });

  return {
    parameterCount: parameters.count,
    tokensPerStep: batchSize * contextLength,
    stepsPerEpoch: splits.train.length / (batchSize * contextLength),
    step({ step, progress }: StepPosition) {
      const factor = schedule(progress);
      const starts = batches(step);
      let loss = 0;
      for (let first = 0; first < batchSize; first += microBatchSize) {
        loss += microStep(starts.subarray(first, first + microBatchSize), derivedSeed(seed, step, first));
      }
      const norm = gradNorm(e, parameters.all);
      for (const optimiser of optimisers) optimiser.step(factor);
      parameters.clearGradients();
      ema?.step();
      return {
        loss: (loss * microBatchSize) / batchSize,
        learningRate: factor * hyper.learningRate,
        gradNorm: norm,
      };
    },
    evaluate: (split) => averaged(() => measure(e, network, parameters, tokensOf(splits, split), dtype)),
    sample: () => '',
    state() {
      const parts = [parameters.read(), ...optimisers.map((o) => o.state()), ...(ema ? [ema.state()] : [])];
      return new Map(parts.flatMap((part) => [...part])) as NamedArrays;
    },
    restore(state) {
      parameters.restore(state as Weights);
      for (const optimiser of optimisers) optimiser.restore(state);
      ema?.restore(state);
    },
    weights: () => (ema ? ema.weights() : parameters.read()),
    [Symbol.dispose]: () => parameters[Symbol.dispose](),
  };
}

/** A model with given weights, to measure in float32. */
export async function openCharacterModel(
  makeNetwork: (vocabSize: number) => CharacterNetwork,
  { text, weights }: { text: string; weights: NamedArrays },
): Promise<MeasurableModel> {
  const splits = splitCharacters(text);
  const network = makeNetwork(splits.characters.length);
  const e = new Eager((await loadTensorFlow()).tf);
  const parameters = new Parameters(e, network.shapes, weights as Weights, 'float32');
  return {
    parameterCount: parameters.count,
    evaluate: (split) => measure(e, network, parameters, tokensOf(splits, split), 'float32'),
    sample: () => '',
    [Symbol.dispose]: () => parameters[Symbol.dispose](),
  };
}

function tokensOf(splits: { train: Uint16Array; val: Uint16Array }, split: Split): Uint16Array {
  return split === 'train' ? splits.train : splits.val;
}

function makeOptimisers(
  e: Eager,
  parameters: Parameters,
  network: CharacterNetwork,
  hyper: CharacterHyper,
  dtype: DType,
): Optimiser[] {
  const { learningRate, beta1, beta2, weightDecay, muonLearningRate, muonWeightDecay } = hyper;
  const muon = (parameter: Parameter) => muonLearningRate > 0 && network.isHidden(parameter.name);
  const rest = parameters.all.filter((parameter) => !muon(parameter));
  const adamw = new AdamW(e, parameters, rest, { learningRate, beta1, beta2, epsilon: 1e-8, weightDecay });
  if (muonLearningRate === 0) return [adamw];
  const matrices = parameters.all.filter(muon);
  return [
    adamw,
    new Muon(e, parameters, matrices, {
      learningRate: muonLearningRate,
      momentum: 0.95,
      weightDecay: muonWeightDecay,
      dtype,
      matricesIn: (name) => network.matricesIn(name),
    }),
  ];
}

/** Where the windows of a step start, by step. */
function windows(
  tokens: Uint16Array,
  contextLength: number,
  { epochs, batchSize }: CharacterHyper,
  seed: number,
): (step: number) => Uint32Array {
  // One token more than a window: the last target. An epoch leaves out less than two windows at the ends.
  if (!epochs) {
    const order = independentOrder({ count: tokens.length - contextLength, batchSize, seed });
    return (step) => order.indices(step);
  }
  const count = Math.floor((tokens.length - contextLength) / contextLength);
  const order = shuffledOrder({ count, batchSize, seed });
  return (step) =>
    order.indices(step).map((window, i) => {
      const epoch = Math.floor((step * batchSize + i) / count);
      return window * contextLength + (derivedSeed(seed, epoch, 1) % contextLength);
    });
}

/** Windows and, one token later, their targets: inputs (B, T) and targets (B·T), int32. */
function windowTensors(e: Eager, tokens: Uint16Array, starts: ArrayLike<number>, length: number) {
  const count = starts.length;
  const inputs = new Int32Array(count * length);
  const targets = new Int32Array(count * length);
  for (let window = 0; window < count; window++) {
    const start = starts[window]!;
    inputs.set(tokens.subarray(start, start + length), window * length);
    targets.set(tokens.subarray(start + 1, start + 1 + length), window * length);
  }
  return { inputs: e.tensor(inputs, [count, length]), targets: e.tensor(targets, [count * length]) };
}

/** Mean NLL over all of `tokens` but the first, in windows side by side; the last window may be shorter. */
function measure(
  e: Eager,
  network: CharacterNetwork,
  parameters: Parameters,
  tokens: Uint16Array,
  dtype: DType,
): EvalReport {
  const { contextLength } = network;
  const predicted = tokens.length - 1;
  const full = Math.floor(predicted / contextLength);
  let sum = 0;
  const add = (starts: readonly number[], length: number) =>
    e.scope(() => {
      const { inputs, targets } = windowTensors(e, tokens, starts, length);
      const tape = new Tape(e, { dtype });
      const logits = network.forward(tape, parameters, inputs);
      for (const loss of e.read(crossEntropy(tape, logits, targets).value)) sum += loss;
    });
  for (let first = 0; first < full; first += evalBatch) {
    const count = Math.min(evalBatch, full - first);
    add(
      Array.from({ length: count }, (_, window) => (first + window) * contextLength),
      contextLength,
    );
  }
  const rest = predicted - full * contextLength;
  if (rest > 0) add([full * contextLength], rest);
  return { loss: sum / predicted, tokens: predicted };
}

/** L2 norm of all gradients together. */
function gradNorm(e: Eager, parameters: readonly Parameter[]): number {
  return e.scope(() => {
    const halves = parameters.flatMap(({ grad }) => (grad ? [e.unary('L2Loss', grad)] : []));
    return Math.sqrt(2 * e.read(e.sum(e.stack(halves), [0]))[0]!);
  });
}
