/** Trains mlp on names. See model.ts for the model, step.ts for its gradients, recipes.ts for the numbers. */
import { AppError } from '../../errors.ts';
import { loadTensorFlow } from '../../tensor/index.ts';
import { Eager } from '../../tensor/ops/eager.ts';
import { rand, randn, TorchGenerator } from '../../tensor/random/index.ts';
import { describeFinetuned } from '../../training/finetune/base.ts';
import { shuffledOrder } from '../../training/order.ts';
import { predictNames } from '../../training/predictions.ts';
import { warmupStableDecay } from '../../training/schedules.ts';
import { type NameExamples, nameTokens, splitNameExamples } from '../../training/splits.ts';
import type {
  BaseModel,
  EvalReport,
  FinetuneTask,
  MeasurableModel,
  NamedArrays,
  Split,
  StepReport,
  TaskSetup,
  TrainingSession,
  TrainingTask,
} from '../../training/task.ts';
import { probabilitiesOf } from '../shared/sampling.ts';
import { sampleTexts } from '../shared/sliding-context.ts';
import { FlatOptimiser } from './flat-optimiser.ts';
import {
  lectureSize,
  type MlpWeights,
  mlpCompletion,
  mlpFlat,
  mlpLogits,
  mlpParameterCount,
  mlpShapes,
  mlpViews,
} from './model.ts';
import { best, classic, finetune as finetuneRecipe, type MlpHyper } from './recipes.ts';
import { type Batch, batchGradients, batchLoss } from './step.ts';

const config = lectureSize;
const { contextLength } = config;
const tokens = { vocabulary: [...nameTokens], startTokenId: 0, stopTokenId: 0 };

export const task: TrainingTask<MlpHyper> = {
  model: 'mlp',
  dataset: 'names',
  splits: ['train', 'val', 'test'],
  selectOn: 'val',
  recipes: { classic, best },
  describe: () => ({
    engine: 'mlp',
    description: 'Names, letter by letter, from the last 3 letters through one hidden layer.',
    architecture: { ...config },
    contextLength,
    ...tokens,
    trainedOn: 'names.txt (32,033 names)',
    license: 'MIT',
  }),
  start: async (setup) => new MlpSession(new Eager((await loadTensorFlow()).tf), setup),
  open: async ({ text, weights }) => {
    const flat = mlpFlat(config, weights, 'FILE_INVALID');
    const examples = splitNameExamples(text, contextLength);
    const probabilities = (context: Uint8Array) =>
      probabilitiesOf({ logits: mlpLogits(config, mlpViews(config, flat), context) });
    return {
      ...measurable(new Eager((await loadTensorFlow()).tf), examples, () => flat),
      predict: (split, { limit }, visit) => predictNames(examples[split], limit, probabilities, visit),
    };
  },
};

export function finetune(base: BaseModel): FinetuneTask<MlpHyper> {
  return {
    ...task,
    model: base.name,
    recipes: { finetune: finetuneRecipe },
    describe: () => describeFinetuned(base),
    start: async (setup) => {
      const first = mlpFlat(config, base.weights, 'FILE_INVALID');
      return new MlpSession(new Eager((await loadTensorFlow()).tf), setup, first);
    },
  };
}

type Examples = Readonly<Record<Split, NameExamples>>;

const evaluationBatch = 8_192;

function measurable(e: Eager, examples: Examples, flat: () => Float32Array): MeasurableModel {
  return {
    parameterCount: mlpParameterCount(config),
    evaluate: (split) => measure(e, examples[split], flat()),
    sample: (options) => sampleTexts(mlpCompletion(tokens, config, mlpViews(config, flat())), options),
    [Symbol.dispose]: () => {},
  };
}

/** Mean loss over a whole split. */
function measure(e: Eager, examples: NameExamples, flat: Float32Array): EvalReport {
  const weights = mlpViews(config, flat);
  let sum = 0;
  for (let begin = 0; begin < examples.count; begin += evaluationBatch) {
    const end = Math.min(begin + evaluationBatch, examples.count);
    const batch = {
      contexts: Int32Array.from(examples.contexts.subarray(begin * contextLength, end * contextLength)),
      targets: Int32Array.from(examples.targets.subarray(begin, end)),
    };
    sum += batchLoss(e, config, weights, batch) * (end - begin);
  }
  return { loss: sum / examples.count, tokens: examples.count };
}

/**
 * The first weights; biases are 0.
 * - `scaled`: normal, the hidden layer by Kaiming's rule for tanh, a small head, as in the lecture's third part.
 * - `layers`: what `tf.layers.embedding` and `tf.layers.dense` begin with: the embedding uniform within ±0.05,
 *   the others by Glorot and Bengio's rule (2010).
 * @throws AppError INVALID_SETTING
 */
export function initialWeights(seed: number, init: string): Float32Array {
  const generator = new TorchGenerator(seed);
  const flat = new Float32Array(mlpParameterCount(config));
  const { embedding, hiddenWeight, headWeight } = mlpViews(config, flat);
  const fill = (view: Float32Array, scale: number) => {
    view.set(randn(generator, view.length).map((value) => value * scale));
  };
  const { vocabSize, nEmbd, nHidden } = config;
  const inputs = contextLength * nEmbd;
  switch (init) {
    case 'scaled':
      fill(embedding, 1);
      fill(hiddenWeight, 5 / 3 / Math.sqrt(inputs));
      fill(headWeight, 0.01);
      return flat;
    case 'layers':
      embedding.set(rand(generator, embedding.length).map((value) => 0.1 * value - 0.05));
      fill(hiddenWeight, Math.sqrt(2 / (inputs + nHidden)));
      fill(headWeight, Math.sqrt(2 / (nHidden + vocabSize)));
      return flat;
    default:
      throw new AppError('INVALID_SETTING', `The init of mlp is scaled or layers, not "${init}".`);
  }
}

/** Forward and backward make 6 operations a weight of the two matrices. */
const flopsPerToken = 6 * config.nHidden * (contextLength * config.nEmbd + config.vocabSize);

class MlpSession implements TrainingSession {
  readonly parameterCount = mlpParameterCount(config);
  readonly tokensPerStep: number;
  readonly work = { flopsPerToken, dtype: 'float32' };
  readonly stepsPerEpoch: number;
  readonly sample: MeasurableModel['sample'];
  readonly evaluate: MeasurableModel['evaluate'];
  readonly #e: Eager;
  readonly #train: NameExamples;
  readonly #flat: Float32Array;
  readonly #gradients = new Float32Array(mlpParameterCount(config));
  readonly #weightViews: MlpWeights;
  readonly #gradientViews = mlpViews(config, this.#gradients);
  readonly #optimiser: FlatOptimiser;
  readonly #order;
  readonly #factor;
  readonly #learningRate: number;
  readonly #batch: Batch;

  constructor(
    e: Eager,
    { text, hyper, seed }: TaskSetup<MlpHyper>,
    first: Float32Array = initialWeights(seed, hyper.init),
  ) {
    const examples = splitNameExamples(text, contextLength);
    this.#e = e;
    this.#train = examples.train;
    this.#flat = first;
    this.#weightViews = mlpViews(config, first);
    const measured = measurable(e, examples, () => this.#flat);
    this.sample = measured.sample;
    this.evaluate = measured.evaluate;
    this.#optimiser = new FlatOptimiser(mlpShapes(config), hyper);
    const { batchSize, warmup, decay, learningRate } = hyper;
    this.tokensPerStep = batchSize;
    this.stepsPerEpoch = examples.train.count / batchSize;
    this.#order = shuffledOrder({ count: examples.train.count, batchSize, seed });
    this.#factor = warmupStableDecay({ warmup, decay });
    this.#learningRate = learningRate;
    this.#batch = { contexts: new Int32Array(batchSize * contextLength), targets: new Int32Array(batchSize) };
  }

  step({ step, progress }: { step: number; progress: number }): StepReport {
    const { contexts, targets } = this.#batch;
    this.#order.indices(step).forEach((example, i) => {
      targets[i] = this.#train.targets[example]!;
      for (let t = 0; t < contextLength; t++) {
        contexts[i * contextLength + t] = this.#train.contexts[example * contextLength + t]!;
      }
    });
    const loss = batchGradients(this.#e, config, this.#weightViews, this.#batch, this.#gradientViews);
    const learningRate = this.#learningRate * this.#factor(progress);
    this.#optimiser.step(this.#flat, this.#gradients, learningRate);
    const gradients = this.#gradients;
    return {
      loss,
      learningRate,
      // few steps are logged, and the norm would be a tenth of a step: it is there until the next one
      get gradNorm() {
        return norm(gradients);
      },
    };
  }

  weights(): NamedArrays {
    const views = mlpViews(config, this.#flat.slice());
    return new Map(
      Object.entries(mlpShapes(config)).map(([name, shape]) => [
        name,
        { shape, data: views[name as keyof typeof views] },
      ]),
    );
  }

  state(): NamedArrays {
    return new Map([...this.weights(), ...this.#optimiser.state()]);
  }

  restore(state: NamedArrays): void {
    this.#flat.set(mlpFlat(config, state, 'CHECKPOINT_INVALID'));
    this.#optimiser.restore(state);
  }

  [Symbol.dispose](): void {}
}

function norm(values: Float32Array): number {
  let sum = 0;
  // Ten times as quick as `reduce`, which would be a fifth of a step.
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!;
  return Math.sqrt(sum);
}
