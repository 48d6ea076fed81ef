/** Trains both bigram models on names. See model.ts for what they are. */
import { AppError } from '../../errors.ts';
import { loadTensorFlow, type Tensor2D, type TensorFlow } from '../../tensor/index.ts';
import { randn, TorchGenerator } from '../../tensor/random/index.ts';
import { describeFinetuned } from '../../training/finetune/base.ts';
import { predictNames } from '../../training/predictions.ts';
import {
  type NameExamples,
  nameExamples,
  nameTokens,
  parseNames,
  splitNameExamples,
} from '../../training/splits.ts';
import type {
  BaseModel,
  FinetuneTask,
  HyperParameters,
  MeasurableModel,
  ModelFacts,
  NamedArrays,
  OpenedModel,
  Recipe,
  Split,
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

interface CountFinetuneHyper extends HyperParameters {
  readonly share: number;
}

const countFinetune: Recipe<CountFinetuneHyper> = {
  ...countRecipe,
  evalEvery: { value: 1, why: 'before and after the count' },
  share: { value: 0.5, why: 'the new names together weigh as much as the base’s, however few they are' },
};

const gradFinetune: Recipe<GradHyper> = {
  ...gradRecipe,
  steps: { value: 100, why: 'a table comes near a short list’s in a tenth of the published steps' },
  evalEvery: { value: 5, why: 'an evaluation costs next to nothing' },
  patience: { value: 5, why: 'rows of letters that the list has few of are soon learned by heart' },
};

const tokens: Tokens = { vocabulary: [...nameTokens], startTokenId: 0, stopTokenId: 0 };
const vocabSize = tokens.vocabulary.length;

export const countTask: TrainingTask = {
  model: 'bigram-count',
  ...common('bigram-count', 'Names, letter by letter, from counts of pairs of letters.'),
  recipes: { classic: countRecipe },
  start: async ({ text }) => countSession((await loadTensorFlow()).tf, everyName(text)),
  open: ({ text, weights }) => {
    const probabilities = countsToProbabilities(tableOf(weights, 'counts', 'FILE_INVALID'), vocabSize);
    return opened(text, everyName(text), probabilities);
  },
};

export const gradTask: TrainingTask<GradHyper> = {
  model: 'bigram-grad',
  ...common('bigram-grad', 'Names, letter by letter, from a table of logits found by gradient descent.'),
  recipes: { classic: gradRecipe },
  start: async ({ text, hyper }) => {
    const first = randn(new TorchGenerator(hyper.weightSeed), vocabSize ** 2);
    return gradSession((await loadTensorFlow()).tf, everyName(text), first, hyper);
  },
  open: ({ text, weights }) => {
    const probabilities = softmaxRows(tableOf(weights, 'weight', 'FILE_INVALID'), vocabSize);
    return opened(text, everyName(text), probabilities);
  },
};

/** Goes on counting. */
export function finetuneCount(base: BaseModel): FinetuneTask<CountFinetuneHyper> {
  return {
    ...countTask,
    ...finetuned(base),
    recipes: { finetune: countFinetune },
    start: async ({ text, hyper: { share } }) => {
      const first = tableOf(base.weights, 'counts', 'FILE_INVALID');
      return countSession((await loadTensorFlow()).tf, splitNameExamples(text, 1), { first, share });
    },
    open: ({ text, weights }) => {
      const probabilities = countsToProbabilities(tableOf(weights, 'counts', 'FILE_INVALID'), vocabSize);
      return opened(text, splitNameExamples(text, 1), probabilities);
    },
  };
}

/** Goes on descending. */
export function finetuneGrad(base: BaseModel): FinetuneTask<GradHyper> {
  return {
    ...gradTask,
    ...finetuned(base),
    recipes: { finetune: gradFinetune },
    start: async ({ text, hyper }) => {
      const first = tableOf(base.weights, 'weight', 'FILE_INVALID');
      return gradSession((await loadTensorFlow()).tf, splitNameExamples(text, 1), first, hyper);
    },
    open: ({ text, weights }) => {
      const probabilities = softmaxRows(tableOf(weights, 'weight', 'FILE_INVALID'), vocabSize);
      return opened(text, splitNameExamples(text, 1), probabilities);
    },
  };
}

/** Here a tenth is held out: a person's own names are few. */
function finetuned(base: BaseModel) {
  return {
    model: base.name,
    splits: ['train', 'val', 'test'],
    selectOn: 'val',
    describe: () => describeFinetuned(base),
  } as const;
}

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

/** Every token of a split's names with the token before it. */
type Examples = Readonly<Partial<Record<Split, NameExamples>>> & { readonly train: NameExamples };

function everyName(text: string): Examples {
  return { train: nameExamples(parseNames(text), 1) };
}

/** The table measured; its predictions are over the splits that other models of names are measured on. */
function opened(text: string, measured: Examples, probabilities: Table): OpenedModel {
  const examples = splitNameExamples(text, 1);
  const row = ([last = 0]: Uint8Array) =>
    Float32Array.from(probabilities.subarray(last * vocabSize, (last + 1) * vocabSize));
  return {
    ...measurable(measured, () => probabilities),
    predict: (split, { limit }, visit) => predictNames(examples[split], limit, row, visit),
  };
}

function measurable(examples: Examples, probabilities: () => Table): MeasurableModel {
  return {
    parameterCount: vocabSize ** 2,
    evaluate: (split) => {
      const { contexts, targets, count } = examples[split] ?? examples.train;
      const counts = new Float32Array(vocabSize ** 2);
      for (let i = 0; i < count; i++) counts[contexts[i]! * vocabSize + targets[i]!]!++;
      return { loss: meanNll(probabilities(), counts), tokens: count };
    },
    sample: (options) => sampleTexts(bigramModel(tokens, probabilities()), options),
    [Symbol.dispose]: () => {},
  };
}

/** How often each token follows each, as a product of one-hot matrices: XᵀY. (V, V) */
function countPairs(tf: TensorFlow, { contexts, targets }: NameExamples): Tensor2D {
  const oneHot = (tokenIds: Uint8Array) =>
    tf.oneHot(tf.tensor1d(Int32Array.from(tokenIds), 'int32'), vocabSize).toFloat() as Tensor2D; // (N, V)
  return tf.tidy(() => tf.matMul(oneHot(contexts), oneHot(targets), true));
}

/** `start`: counts to go on from, and the part that the new ones get in the whole. */
function countSession(
  tf: TensorFlow,
  examples: Examples,
  start?: { readonly first: Table; readonly share: number },
): TrainingSession {
  const pairs = examples.train;
  let counts: Table = start ? withoutZeros(start.first) : new Float32Array(vocabSize ** 2);
  const weights = (): NamedArrays =>
    new Map([['counts', { shape: [vocabSize, vocabSize], data: counts.slice() }]]);
  return {
    ...measurable(examples, () => countsToProbabilities(counts, vocabSize)),
    tokensPerStep: pairs.count,
    stepsPerEpoch: 1,
    step: () => {
      const counted = countPairs(tf, pairs);
      const added = Float32Array.from(counted.dataSync());
      counted.dispose();
      counts = start ? joinCounts(start.first, added, start.share) : added;
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

/** @param share part of `added` in the whole, however much was counted in each */
function joinCounts(first: Table, added: Table, share: number): Table {
  const total = (table: Table) => table.reduce((sum, count) => sum + count, 0);
  const factor = (share * total(first)) / ((1 - share) * total(added));
  return withoutZeros(first.map((count, cell) => count + factor * added[cell]!));
}

/** A pair never seen counts once: one such pair among the held-out names would cost endless loss. */
function withoutZeros(counts: Table): Table {
  return counts.map((count) => count || 1);
}

/**
 * One-hot rows times W are rows of W, so all pairs of a kind share their gradient: the full batch of 228,146
 * needs only the counts of the 729 kinds, and gives the same sums.
 */
function gradSession(
  tf: TensorFlow,
  examples: Examples,
  first: Table,
  { learningRate }: GradHyper,
): TrainingSession {
  const pairs = examples.train;
  const counts = countPairs(tf, pairs); // (V, V)
  const rowTotals = tf.sum(counts, 1, true); // (V, 1)
  const weight = tf.variable(tf.tensor2d(first, [vocabSize, vocabSize])); // W: logits (V, V)
  const values = () => Float32Array.from(weight.dataSync());
  const weights = (): NamedArrays => new Map([['weight', { shape: [vocabSize, vocabSize], data: values() }]]);
  return {
    ...measurable(examples, () => softmaxRows(values(), vocabSize)),
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
