/** Trains both bigram models on names. See model.ts for what they are. */
import { AppError } from '../../errors.ts';
import { loadTensorFlow, type Tensor2D, type TensorFlow } from '../../tensor/index.ts';
import { randn, TorchGenerator } from '../../tensor/random/index.ts';
import { predictNames } from '../../training/predictions.ts';
import { nameExamples, nameTokens, parseNames, splitNameExamples } from '../../training/splits.ts';
import type {
  HyperParameters,
  MeasurableModel,
  ModelFacts,
  NamedArrays,
  OpenedModel,
  Recipe,
  TrainingSession,
  TrainingTask,
} from '../../training/task.ts';
import { sampleTexts } from '../shared/sliding-context.ts';
import {
  bigramModel,
  countsToProbabilities,
  meanNll,
  softmaxRows,
  type Table,
  type Tokens,
} from './model.ts';

interface GradHyper extends HyperParameters {
  readonly learningRate: number;
  readonly weightSeed: number;
}

const countRecipe: Recipe<HyperParameters> = {
  steps: { value: 1, why: 'one step counts every pair' },
  evalEvery: { value: 0, why: 'there is nothing to choose from' },
  patience: { value: 0, why: 'there is nothing to choose from' },
};

const gradRecipe: Recipe<GradHyper> = {
  steps: { value: 1_000, why: 'the published loss is that of 1,000 epochs' },
  evalEvery: { value: 0, why: 'the loss falls at every step: the last one is the best' },
  patience: { value: 0, why: 'the loss falls at every step: the last one is the best' },
  learningRate: { value: 50, why: 'as in the lecture; the gradient of a mean over all pairs is small' },
  weightSeed: { value: 2_147_483_647, why: 'the first weights of the lecture; nothing else is random' },
};

const tokens: Tokens = { vocabulary: [...nameTokens], startTokenId: 0, stopTokenId: 0 };
const vocabSize = tokens.vocabulary.length;

export const countTask: TrainingTask = {
  model: 'bigram-count',
  ...common('bigram-count', 'Names, letter by letter, from counts of pairs of letters.'),
  recipes: { classic: countRecipe },
  start: async ({ text }) => countSession((await loadTensorFlow()).tf, text),
  open: ({ text, weights }) => {
    const probabilities = countsToProbabilities(tableOf(weights, 'counts', 'FILE_INVALID'), vocabSize);
    return opened(text, probabilities);
  },
};

export const gradTask: TrainingTask<GradHyper> = {
  model: 'bigram-grad',
  ...common('bigram-grad', 'Names, letter by letter, from a table of logits found by gradient descent.'),
  recipes: { classic: gradRecipe },
  start: async ({ text, hyper }) => gradSession((await loadTensorFlow()).tf, text, hyper),
  open: ({ text, weights }) => {
    const probabilities = softmaxRows(tableOf(weights, 'weight', 'FILE_INVALID'), vocabSize);
    return opened(text, probabilities);
  },
};

/** The published losses are over all names: all are trained on, none is held out. */
function common(engine: string, description: string) {
  const facts: ModelFacts = {
    engine,
    description,
    architecture: { vocabSize, contextLength: 1 },
    contextLength: 1,
    vocabulary: [...nameTokens],
    startTokenId: 0,
    stopTokenId: 0,
    trainedOn: 'names.txt (32,033 names)',
    license: 'MIT',
  };
  return { dataset: 'names', splits: ['train'], selectOn: 'train', describe: () => facts } as const;
}

/** Every token of every name with the token before it. */
function namePairs(text: string) {
  return nameExamples(parseNames(text), 1);
}

type Pairs = ReturnType<typeof namePairs>;

/** The table measured; its predictions are over the splits that other models of names are measured on. */
function opened(text: string, probabilities: Table): OpenedModel {
  const examples = splitNameExamples(text, 1);
  const row = ([last = 0]: Uint8Array) =>
    Float32Array.from(probabilities.subarray(last * vocabSize, (last + 1) * vocabSize));
  return {
    ...measurable(namePairs(text), () => probabilities),
    predict: (split, { limit }, visit) => predictNames(examples[split], limit, row, visit),
  };
}

function measurable({ contexts, targets, count }: Pairs, probabilities: () => Table): MeasurableModel {
  const counts = new Float32Array(vocabSize ** 2);
  for (let i = 0; i < count; i++) counts[contexts[i]! * vocabSize + targets[i]!]!++;
  return {
    parameterCount: vocabSize ** 2,
    evaluate: () => ({ loss: meanNll(probabilities(), counts), tokens: count }),
    sample: (options) => sampleTexts(bigramModel(tokens, probabilities()), options),
    [Symbol.dispose]: () => {},
  };
}

/** How often each token follows each, as a product of one-hot matrices: XᵀY. (V, V) */
function countPairs(tf: TensorFlow, { contexts, targets }: Pairs): Tensor2D {
  const oneHot = (tokenIds: Uint8Array) =>
    tf.oneHot(tf.tensor1d(Int32Array.from(tokenIds), 'int32'), vocabSize).toFloat() as Tensor2D; // (N, V)
  return tf.tidy(() => tf.matMul(oneHot(contexts), oneHot(targets), true));
}

function countSession(tf: TensorFlow, text: string): TrainingSession {
  const pairs = namePairs(text);
  let counts: Table = new Float32Array(vocabSize ** 2);
  const weights = (): NamedArrays =>
    new Map([['counts', { shape: [vocabSize, vocabSize], data: counts.slice() }]]);
  return {
    ...measurable(pairs, () => countsToProbabilities(counts, vocabSize)),
    tokensPerStep: pairs.count,
    stepsPerEpoch: 1,
    step: () => {
      const counted = countPairs(tf, pairs);
      counts = Float32Array.from(counted.dataSync());
      counted.dispose();
      // Before anything is counted every token is as likely as any other.
      return { loss: Math.log(vocabSize), learningRate: 0 };
    },
    weights,
    state: weights,
    restore: (state) => {
      counts = tableOf(state, 'counts', 'CHECKPOINT_INVALID').slice();
    },
  };
}

/**
 * One-hot rows times W are rows of W, so all pairs of a kind share their gradient: the full batch of 228,146
 * needs only the counts of the 729 kinds, and gives the same sums.
 */
function gradSession(tf: TensorFlow, text: string, { learningRate, weightSeed }: GradHyper): TrainingSession {
  const pairs = namePairs(text);
  const counts = countPairs(tf, pairs); // (V, V)
  const rowTotals = tf.sum(counts, 1, true); // (V, 1)
  const first = randn(new TorchGenerator(weightSeed), vocabSize ** 2);
  const weight = tf.variable(tf.tensor2d(first, [vocabSize, vocabSize])); // W: logits (V, V)
  const values = () => Float32Array.from(weight.dataSync());
  const weights = (): NamedArrays => new Map([['weight', { shape: [vocabSize, vocabSize], data: values() }]]);
  return {
    ...measurable(pairs, () => softmaxRows(values(), vocabSize)),
    tokensPerStep: pairs.count,
    stepsPerEpoch: 1,
    step: () =>
      tf.tidy(() => {
        const logProbabilities = tf.logSoftmax(weight);
        const loss = tf.neg(tf.sum(tf.mul(counts, logProbabilities))).div(pairs.count);
        const gradient = tf.sub(tf.mul(tf.exp(logProbabilities), rowTotals), counts).div(pairs.count);
        weight.assign(tf.sub(weight, tf.mul(gradient, learningRate)));
        return { loss: loss.dataSync()[0]!, learningRate };
      }),
    weights,
    state: weights,
    restore: (state) =>
      tf.tidy(() => {
        weight.assign(tf.tensor2d(tableOf(state, 'weight', 'CHECKPOINT_INVALID'), [vocabSize, vocabSize]));
      }),
    [Symbol.dispose]: () => tf.dispose([counts, rowTotals, weight]),
  };
}

function tableOf(weights: NamedArrays, name: string, code: 'FILE_INVALID' | 'CHECKPOINT_INVALID'): Table {
  const found = weights.get(name);
  const expected = [vocabSize, vocabSize];
  if (found?.data instanceof Float32Array && String(found.shape) === String(expected)) return found.data;
  throw new AppError(
    code,
    `The tensor "${name}" should have the shape (${expected}); it is (${found?.shape}).`,
  );
}
