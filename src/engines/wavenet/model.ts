/**
 * wavenet: a tree that reads the last 8 characters of a name in pairs. Each of three levels joins neighbours
 * (8 → 4 → 2 → 1 positions), so that a character's surroundings grow level by level.
 * Train: `babble train wavenet`. Lecture: A. Karpathy, "Building makemore part 5", after van den Oord et al.,
 * "WaveNet" (2016). This file is the model as used: shapes, and the next character's logits in plain
 * JavaScript, which for one context at a time is quicker than any call into TensorFlow. train.ts trains it.
 */
import { AppError } from '../../errors.ts';

export const contextLength = 8;
export const vocabSize = 27; // '.', a–z
export const nEmbd = 20;
export const nHidden = 200;
/** Each level joins two positions, so there are log2(contextLength) of them. */
export const nLevel = 3;
/** Added to a variance before its root. */
export const epsilon = 1e-5;

/** Trained parameters, in order: name → shape. A linear weight is (outputs, inputs). */
export const parameterShapes: ReadonlyMap<string, readonly number[]> = new Map([
  ['embedding.weight', [vocabSize, nEmbd]],
  ...Array.from({ length: nLevel }, (_, level): [string, number[]][] => [
    [`levels.${level}.linear.weight`, [nHidden, 2 * (level === 0 ? nEmbd : nHidden)]],
    [`levels.${level}.linear.bias`, [nHidden]],
    [`levels.${level}.norm.weight`, [nHidden]],
    [`levels.${level}.norm.bias`, [nHidden]],
  ]).flat(),
  ['head.weight', [vocabSize, nHidden]],
  ['head.bias', [vocabSize]],
]);

/** 175,767. */
export const parameterCount = [...parameterShapes.values()].reduce(
  (sum, shape) => sum + shape.reduce((product, length) => product * length, 1),
  0,
);

/** Means and variances that the batch norms use outside training; measured, not trained. */
const statisticShapes: ReadonlyMap<string, readonly number[]> = new Map(
  Array.from({ length: nLevel }, (_, level): [string, number[]][] => [
    [`levels.${level}.norm.mean`, [nHidden]],
    [`levels.${level}.norm.variance`, [nHidden]],
  ]).flat(),
);

export type Weights = ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

/** A level with its batch norm folded into the linear map. */
interface Level {
  readonly inputs: number;
  readonly weight: Float32Array; // (nHidden, inputs)
  readonly bias: Float32Array; // (nHidden)
}

/** Next-character logits by context. */
export class Wavenet {
  readonly weights: Weights;
  readonly #embedding: Float32Array;
  readonly #levels: readonly Level[];
  readonly #head: Float32Array;
  readonly #headBias: Float32Array;

  /** @throws AppError FILE_INVALID when a tensor is missing or has another shape. */
  constructor(weights: Weights) {
    const get = (name: string) => {
      const shape = parameterShapes.get(name) ?? statisticShapes.get(name);
      const found = weights.get(name);
      if (found && String(found.shape) === String(shape)) return found.data;
      throw new AppError(
        'FILE_INVALID',
        `The weights "${name}" of wavenet have the shape (${found?.shape ?? 'none'}), expected (${shape}).`,
        { hint: 'Get the model again, or train it again with `babble train wavenet`.' },
      );
    };
    this.weights = weights;
    this.#embedding = get('embedding.weight');
    this.#levels = Array.from({ length: nLevel }, (_, level) => foldLevel(`levels.${level}`, get));
    this.#head = get('head.weight');
    this.#headBias = get('head.bias');
  }

  /** @param context the last tokenIds (contextLength), '.' = 0 before the first. @returns (vocabSize) */
  logits(context: ArrayLike<number>): Float32Array {
    let positions = contextLength;
    let x = new Float32Array(positions * nEmbd); // (positions, width), row-major: neighbours lie side by side
    for (let t = 0; t < positions; t++) {
      x.set(this.#embedding.subarray(context[t]! * nEmbd, (context[t]! + 1) * nEmbd), t * nEmbd);
    }
    for (const { inputs, weight, bias } of this.#levels) {
      positions /= 2;
      const y = new Float32Array(positions * nHidden);
      for (let t = 0; t < positions; t++) affine(x.subarray(t * inputs), weight, bias, y, t * nHidden);
      for (let i = 0; i < y.length; i++) y[i] = Math.tanh(y[i]!);
      x = y;
    }
    const logits = new Float32Array(vocabSize);
    affine(x, this.#head, this.#headBias, logits, 0);
    return logits;
  }
}

/** out[offset + o] = weight[o] · x + bias[o]. */
function affine(
  x: Float32Array,
  weight: Float32Array,
  bias: Float32Array,
  out: Float32Array,
  offset: number,
) {
  const inputs = weight.length / bias.length;
  for (let o = 0; o < bias.length; o++) {
    let sum = bias[o]!;
    const row = o * inputs;
    for (let i = 0; i < inputs; i++) sum += weight[row + i]! * x[i]!;
    out[offset + o] = sum;
  }
}

/** norm(linear(x)) is one linear map once the statistics stand still. */
function foldLevel(name: string, get: (name: string) => Float32Array): Level {
  const weight = get(`${name}.linear.weight`).slice();
  const bias = get(`${name}.linear.bias`).slice();
  const [gain, shift] = [get(`${name}.norm.weight`), get(`${name}.norm.bias`)];
  const [mean, variance] = [get(`${name}.norm.mean`), get(`${name}.norm.variance`)];
  const inputs = weight.length / nHidden;
  for (let o = 0; o < nHidden; o++) {
    const scale = gain[o]! / Math.sqrt(variance[o]! + epsilon);
    for (let i = 0; i < inputs; i++) weight[o * inputs + i]! *= scale;
    bias[o] = (bias[o]! - mean[o]!) * scale + shift[o]!;
  }
  return { inputs, weight, bias };
}
