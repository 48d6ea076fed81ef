/** Trains wavenet on names. See model.ts for the model, network.ts for its gradients, recipes.ts for the numbers. */
import { loadTensorFlow } from '../../tensor/index.ts';
import { Eager } from '../../tensor/ops/eager.ts';
import { Parameters } from '../../tensor/ops/parameters.ts';
import { Tape } from '../../tensor/ops/tape.ts';
import { randn, TorchGenerator } from '../../tensor/random/index.ts';
import { describeFinetuned } from '../../training/finetune/base.ts';
import { AdamW } from '../../training/optimisers/adamw.ts';
import { Ema } from '../../training/optimisers/ema.ts';
import { gradNorm } from '../../training/optimisers/grad-norm.ts';
import { Muon } from '../../training/optimisers/muon.ts';
import type { Optimiser } from '../../training/optimisers/optimiser.ts';
import { Sgd } from '../../training/optimisers/sgd.ts';
import { derivedSeed, shuffledOrder } from '../../training/order.ts';
import { predictNames } from '../../training/predictions.ts';
import { RecordedStep } from '../../training/recorded-step.ts';
import { warmupStableDecay } from '../../training/schedules.ts';
import { type NameExamples, nameTokens, splitNameExamples } from '../../training/splits.ts';
import type {
  BaseModel,
  EvalReport,
  FinetuneTask,
  NamedArray,
  NamedArrays,
  OpenedModel,
  Split,
  StepReport,
  TaskSetup,
  TrainingSession,
  TrainingTask,
} from '../../training/task.ts';
import { probabilitiesOf } from '../shared/sampling.ts';
import {
  contextLength,
  nEmbd,
  nHidden,
  nLevel,
  parameterCount,
  parameterShapes,
  vocabSize,
  Wavenet,
  type Weights,
} from './model.ts';
import { losses, type Statistics } from './network.ts';
import { best, classic, finetune as finetuneRecipe, type WavenetHyper } from './recipes.ts';

export const task: TrainingTask<WavenetHyper> = {
  model: 'wavenet',
  dataset: 'names',
  splits: ['train', 'val', 'test'],
  selectOn: 'val',
  recipes: { classic, best },
  describe: () => ({
    engine: 'wavenet',
    description: 'Names, letter by letter: a tree over the last 8 letters, joined in pairs.',
    architecture: { contextLength, vocabSize, nEmbd, nHidden, nLevel },
    contextLength,
    vocabulary: [...nameTokens],
    startTokenId: 0,
    stopTokenId: 0,
    trainedOn: 'names.txt (32,033 names)',
    license: 'MIT',
  }),
  start: async (setup) => new WavenetSession(new Eager((await loadTensorFlow()).tf), setup),
  open: async ({ text, weights }) => openModel(new Eager((await loadTensorFlow()).tf), text, weights),
};

export function finetune(base: BaseModel): FinetuneTask<WavenetHyper> {
  return {
    ...task,
    model: base.name,
    recipes: { finetune: finetuneRecipe },
    describe: () => describeFinetuned(base),
    start: async (setup) =>
      new WavenetSession(new Eager((await loadTensorFlow()).tf), setup, base.weights as Weights),
  };
}

/**
 * Kaiming's normal initialisation without a gain, as in the lecture; biases 0; a small head, so that the first
 * loss is near ln 27.
 */
export function initialWeights(seed: number): Weights {
  const generator = new TorchGenerator(seed);
  return new Map(
    [...parameterShapes].map(([name, shape]) => {
      const size = shape.reduce((product, length) => product * length, 1);
      const data = new Float32Array(size);
      if (name.endsWith('norm.weight')) data.fill(1);
      else if (name.endsWith('.weight')) {
        const fanIn = name === 'embedding.weight' ? 1 : shape[1]!;
        const scale = (name === 'head.weight' ? 0.1 : 1) / Math.sqrt(fanIn);
        data.set(randn(generator, size).map((value) => value * scale));
      }
      return [name, { shape, data }];
    }),
  );
}

/** Names as examples, by split. */
type Examples = Readonly<Record<Split, NameExamples>>;

/** Examples [begin, end) in TensorFlow. */
function sliceBatch(e: Eager, examples: NameExamples, begin: number, end: number) {
  const contexts = Int32Array.from(examples.contexts.subarray(begin * contextLength, end * contextLength));
  const targets = Int32Array.from(examples.targets.subarray(begin, end));
  return { contexts: e.tensor(contexts, [contexts.length]), targets: e.tensor(targets, [targets.length]) };
}

/** Forward and backward make 6 operations a weight; a level's matrix is used at each of its positions: 4, 2 and 1. */
const flopsPerToken = Array.from({ length: nLevel }, (_, level) => {
  const inputs = 2 * (level === 0 ? nEmbd : nHidden);
  return 6 * inputs * nHidden * (contextLength >> (level + 1));
}).reduce((sum, flops) => sum + flops, 6 * nHidden * vocabSize);

const stepsBetweenNorms = 16;
const noDropout = { embedding: 0, hidden: 0 };
const evaluationBatch = 4096;
/** Train examples over which the batch norms' statistics are taken, in one pass. */
const statisticExamples = 32_768;

/** Mean loss over a whole split. */
function measure(
  e: Eager,
  parameters: Parameters,
  statistics: readonly Statistics[],
  examples: NameExamples,
): EvalReport {
  let sum = 0;
  for (let begin = 0; begin < examples.count; begin += evaluationBatch) {
    const end = Math.min(begin + evaluationBatch, examples.count);
    sum += e.scope(() => {
      const tape = new Tape(e, { dtype: 'float32' });
      const batch = sliceBatch(e, examples, begin, end);
      const node = losses(tape, parameters, batch, { dropout: noDropout, statistics });
      return e.read(e.sum(node.value, [0]))[0]!;
    });
  }
  return { loss: sum / examples.count, tokens: examples.count };
}

/**
 * The batch norms' statistics as one large batch of training examples has them, as in the lecture ("calibrate
 * the batch norm"): exact for the weights at hand, which running averages are not.
 */
function calibrate<T>(
  e: Eager,
  parameters: Parameters,
  train: NameExamples,
  use: (statistics: readonly Statistics[]) => T,
): T {
  return e.scope(() => {
    const statistics: Statistics[] = [];
    const tape = new Tape(e, { dtype: 'float32' });
    const batch = sliceBatch(e, train, 0, Math.min(statisticExamples, train.count));
    losses(tape, parameters, batch, {
      dropout: noDropout,
      onStatistics: (level, measured) => {
        statistics[level] = measured;
      },
    });
    return use(statistics);
  });
}

function sampleNames(model: Wavenet, { count, seed }: { count: number; seed: number }): readonly string[] {
  const generator = new TorchGenerator(seed);
  return Array.from({ length: count }, () => {
    let name = '';
    const context = new Uint8Array(contextLength);
    for (;;) {
      const logits = model.logits(context);
      const top = Math.max(...logits);
      const weights = logits.map((logit) => Math.exp(logit - top));
      let draw = generator.uniformDouble() * weights.reduce((sum, weight) => sum + weight, 0);
      let token = 0;
      while (token < vocabSize - 1 && draw >= weights[token]!) draw -= weights[token++]!;
      if (token === 0 || name.length >= 40) return name;
      name += nameTokens[token];
      context.copyWithin(0, 1);
      context[contextLength - 1] = token;
    }
  });
}

function openModel(e: Eager, text: string, weights: NamedArrays): OpenedModel {
  const model = new Wavenet(weights as Weights);
  const examples = splitNameExamples(text, contextLength);
  const parameters = new Parameters(e, parameterShapes, weights as Weights, 'float32');
  const statistics = Array.from({ length: nLevel }, (_, level) => {
    const handle = (what: string) =>
      e.keepForever(e.tensor(model.weights.get(`levels.${level}.norm.${what}`)!.data, [nHidden]));
    return { mean: handle('mean'), variance: handle('variance') };
  });
  return {
    parameterCount,
    evaluate: (split) => measure(e, parameters, statistics, examples[split]),
    sample: (options) => sampleNames(model, options),
    predict: (split, { limit }, visit) =>
      predictNames(
        examples[split],
        limit,
        (context) => probabilitiesOf({ logits: model.logits(context) }),
        visit,
      ),
    [Symbol.dispose]() {
      parameters[Symbol.dispose]();
      for (const { mean, variance } of statistics) e.free(mean, variance);
    },
  };
}

class WavenetSession implements TrainingSession {
  readonly parameterCount = parameterCount;
  readonly tokensPerStep: number;
  readonly work = { flopsPerToken, dtype: 'float32' };
  readonly stepsPerEpoch: number;
  readonly #e: Eager;
  readonly #seed: number;
  readonly #hyper: WavenetHyper;
  readonly #examples: Examples;
  readonly #parameters: Parameters;
  readonly #optimisers: readonly Optimiser[];
  /** Absent: the weights themselves are evaluated and shipped. */
  readonly #ema: Ema | undefined;
  readonly #order;
  readonly #schedule;
  readonly #contexts: Int32Array;
  readonly #targets: Int32Array;
  readonly #gradients: RecordedStep;
  #gradNorm: number | undefined;

  constructor(e: Eager, { text, hyper, seed }: TaskSetup<WavenetHyper>, first = initialWeights(seed)) {
    const { batchSize, warmup, decay } = hyper;
    this.#e = e;
    this.#seed = seed;
    this.#hyper = hyper;
    this.#examples = splitNameExamples(text, contextLength);
    this.#parameters = new Parameters(e, parameterShapes, first, 'float32');
    const dropout = { embedding: hyper.dropoutEmbedding, hidden: hyper.dropoutHidden };
    this.#gradients = new RecordedStep(e, {
      dtype: 'float32',
      losses: (tape, batch) =>
        losses(tape, this.#parameters, { contexts: batch.inputs, targets: batch.targets }, { dropout }),
      // The levels' biases are taken away by the batch norms.
      parameters: this.#parameters.all.filter(({ name }) => !name.endsWith('linear.bias')),
      share: 1 / batchSize,
    });
    this.#optimisers = optimisersOf(e, this.#parameters, hyper);
    this.#ema = hyper.emaDecay > 0 ? new Ema(e, this.#parameters, hyper.emaDecay) : undefined;
    const { count } = this.#examples.train;
    this.tokensPerStep = batchSize;
    this.stepsPerEpoch = count / batchSize;
    this.#order = shuffledOrder({ count, batchSize, seed });
    this.#schedule = warmupStableDecay({ warmup, decay });
    this.#contexts = new Int32Array(batchSize * contextLength);
    this.#targets = new Int32Array(batchSize);
  }

  step({ step, progress }: { step: number; progress: number }): StepReport {
    const e = this.#e;
    const { batchSize, learningRate } = this.#hyper;
    this.#gather(step);
    const factor = this.#schedule(progress);
    const loss = e.scope(() => {
      const inputs = e.tensor(this.#contexts, [this.#contexts.length]);
      const targets = e.tensor(this.#targets, [this.#targets.length]);
      return this.#gradients.run({ inputs, targets }, derivedSeed(this.#seed, step)) / batchSize;
    });
    // A norm takes a tenth of a step's time: the steps between tell the last one.
    if (this.#gradNorm === undefined || step % stepsBetweenNorms === 0) {
      this.#gradNorm = gradNorm(e, this.#parameters.all);
    }
    for (const optimiser of this.#optimisers) optimiser.step(factor);
    this.#parameters.clearGradients();
    this.#ema?.step();
    return { loss, learningRate: learningRate * factor, gradNorm: this.#gradNorm };
  }

  evaluate(split: Split): EvalReport {
    const { train } = this.#examples;
    return this.#averaged(() =>
      calibrate(this.#e, this.#parameters, train, (statistics) =>
        measure(this.#e, this.#parameters, statistics, this.#examples[split]),
      ),
    );
  }

  sample(options: { count: number; seed: number }): readonly string[] {
    return sampleNames(new Wavenet(this.weights() as Weights), options);
  }

  weights(): NamedArrays {
    const e = this.#e;
    return this.#averaged(() =>
      calibrate(e, this.#parameters, this.#examples.train, (statistics) => {
        const measured = statistics.flatMap(({ mean, variance }, level): [string, NamedArray][] => [
          [`levels.${level}.norm.mean`, { shape: [nHidden], data: e.read(mean) }],
          [`levels.${level}.norm.variance`, { shape: [nHidden], data: e.read(variance) }],
        ]);
        return new Map([...this.#parameters.read(), ...measured]);
      }),
    );
  }

  state(): NamedArrays {
    const parts = [this.#parameters.read(), ...this.#stateful().map((part) => part.state())];
    return new Map(parts.flatMap((part): [string, NamedArray][] => [...part]));
  }

  restore(state: NamedArrays): void {
    this.#parameters.restore(state as Weights);
    for (const part of this.#stateful()) part.restore(state);
  }

  [Symbol.dispose](): void {
    this.#gradients[Symbol.dispose]();
    for (const part of this.#stateful()) part[Symbol.dispose]();
    this.#parameters[Symbol.dispose]();
  }

  #stateful(): (Optimiser | Ema)[] {
    return this.#ema ? [...this.#optimisers, this.#ema] : [...this.#optimisers];
  }

  /** Runs `body` with the weights to ship in the parameters' place. */
  #averaged<T>(body: () => T): T {
    return this.#ema ? this.#ema.swapped(body) : body();
  }

  /** The batch of a step, into the two arrays. */
  #gather(step: number): void {
    const { contexts, targets } = this.#examples.train;
    this.#order.indices(step).forEach((example, i) => {
      this.#targets[i] = targets[example]!;
      for (let t = 0; t < contextLength; t++) {
        this.#contexts[i * contextLength + t] = contexts[example * contextLength + t]!;
      }
    });
  }
}

/** Muon for the levels' matrices and AdamW for the rest, or one for all. */
function optimisersOf(e: Eager, parameters: Parameters, hyper: WavenetHyper): Optimiser[] {
  const { learningRate, weightDecay, muonLearningRate, muonWeightDecay } = hyper;
  if (hyper.optimiser === 'sgd') return [new Sgd(e, parameters, parameters.all, { learningRate })];
  const inner = parameters.all.filter(({ name }) => name.endsWith('linear.weight'));
  const outer = parameters.all.filter((parameter) => !inner.includes(parameter));
  const adam = { learningRate, beta1: 0.9, beta2: hyper.beta2, epsilon: 1e-8, weightDecay };
  if (hyper.optimiser === 'adamw') return [new AdamW(e, parameters, parameters.all, adam)];
  const muon = {
    learningRate: muonLearningRate,
    momentum: 0.95,
    weightDecay: muonWeightDecay,
    dtype: 'float32' as const,
    matricesIn: () => 1,
  };
  return [new Muon(e, parameters, inner, muon), new AdamW(e, parameters, outer, adam)];
}
