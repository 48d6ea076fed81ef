/**
 * mlp: the last 3 characters' vectors, side by side, through one hidden tanh layer. 8,762 parameters at the
 * lecture's size.
 * Train: `babble train mlp`. Sources: Bengio et al. (2003), "A neural probabilistic language model";
 * A. Karpathy, "Building makemore part 2".
 *
 * This file is the model as used, one context at a time in plain JavaScript: 10 µs, less than two calls into
 * TensorFlow. step.ts is the same forward pass over batches, with gradients; a test holds the two together.
 */
import { AppError } from '../../errors.ts';
import type { CompletionModel } from '../shared/completion-engine.ts';
import { slidingContext } from '../shared/sliding-context.ts';

export interface MlpConfig {
  readonly vocabSize: number; // V
  readonly contextLength: number; // T
  readonly nEmbd: number; // C
  readonly nHidden: number; // H
}

/** The lecture's size; the vocabulary is '.' and a–z. */
export const lectureSize: MlpConfig = { vocabSize: 27, contextLength: 3, nEmbd: 5, nHidden: 200 };

/** The size that a model.json tells. @throws AppError FILE_INVALID */
export function configOf(file: {
  readonly vocabulary: readonly string[];
  readonly architecture: Readonly<Record<string, number>>;
}): MlpConfig {
  const { contextLength, nEmbd, nHidden } = file.architecture;
  const config = { vocabSize: file.vocabulary.length, contextLength, nEmbd, nHidden };
  for (const [name, value] of Object.entries(config)) {
    if (value !== undefined && Number.isInteger(value) && value > 0 && value <= 65_536) continue;
    throw new AppError(
      'FILE_INVALID',
      `The architecture of mlp needs ${name}, a whole number above 0, not ${value}.`,
    );
  }
  return config as MlpConfig;
}

export interface MlpWeights {
  readonly embedding: Float32Array; // (V, C)
  readonly hiddenWeight: Float32Array; // (T·C, H)
  readonly hiddenBias: Float32Array; // (H)
  readonly headWeight: Float32Array; // (H, V)
  readonly headBias: Float32Array; // (V)
}

/** Every tensor's shape, in the order in which they lie in a flat array. */
export function mlpShapes(config: MlpConfig): Readonly<Record<keyof MlpWeights, readonly number[]>> {
  const { vocabSize, contextLength, nEmbd, nHidden } = config;
  return {
    embedding: [vocabSize, nEmbd],
    hiddenWeight: [contextLength * nEmbd, nHidden],
    hiddenBias: [nHidden],
    headWeight: [nHidden, vocabSize],
    headBias: [vocabSize],
  };
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Numbers in all tensors together: 8,762 at the lecture's size. */
export function mlpParameterCount(config: MlpConfig): number {
  return Object.values(mlpShapes(config)).reduce((sum, shape) => sum + sizeOf(shape), 0);
}

/** The tensors as views into one array, which an optimiser can walk in one loop. */
export function mlpViews(config: MlpConfig, flat: Float32Array): MlpWeights {
  let begin = 0;
  const entries = Object.entries(mlpShapes(config)).map(([name, shape]) => {
    const view = flat.subarray(begin, begin + sizeOf(shape));
    begin += view.length;
    return [name, view];
  });
  return Object.fromEntries(entries) as MlpWeights;
}

/** The model with a place in a text. */
export function mlpCompletion(
  tokens: Pick<CompletionModel, 'vocabulary' | 'startTokenId' | 'stopTokenId'>,
  config: MlpConfig,
  weights: MlpWeights,
): CompletionModel {
  const predict = (context: Int32Array) => ({ logits: mlpLogits(config, weights, context) });
  return { ...tokens, ...slidingContext(config.contextLength, tokens.startTokenId, predict) };
}

/** Next-token logits (V). @param context the last tokenIds (T) */
export function mlpLogits(config: MlpConfig, weights: MlpWeights, context: ArrayLike<number>): Float32Array {
  const { contextLength, nEmbd } = config;
  const x = new Float32Array(contextLength * nEmbd);
  for (let t = 0; t < contextLength; t++) {
    x.set(weights.embedding.subarray(context[t]! * nEmbd, (context[t]! + 1) * nEmbd), t * nEmbd);
  }
  const hidden = affine(x, weights.hiddenWeight, weights.hiddenBias).map(Math.tanh); // (H)
  return affine(hidden, weights.headWeight, weights.headBias); // (V)
}

/** x · weight + bias. */
function affine(x: Float32Array, weight: Float32Array, bias: Float32Array): Float32Array {
  const y = bias.slice();
  for (let i = 0; i < x.length; i++) {
    const row = i * y.length;
    for (let o = 0; o < y.length; o++) y[o]! += x[i]! * weight[row + o]!;
  }
  return y;
}

/** Puts named tensors into a flat array. @throws AppError with `code` when one is missing or has another shape. */
export function mlpFlat(
  config: MlpConfig,
  tensors: ReadonlyMap<
    string,
    { readonly shape: readonly number[]; readonly data: Float32Array | Int32Array }
  >,
  code: 'FILE_INVALID' | 'CHECKPOINT_INVALID',
): Float32Array {
  const flat = new Float32Array(mlpParameterCount(config));
  const views = mlpViews(config, flat);
  for (const [name, shape] of Object.entries(mlpShapes(config))) {
    const found = tensors.get(name);
    if (!(found?.data instanceof Float32Array) || String(found.shape) !== String(shape)) {
      throw new AppError(
        code,
        `The mlp tensor "${name}" should have the shape (${shape}); it is (${found?.shape}).`,
        {
          hint: 'Get the model again, or train it again with `babble train mlp`.',
        },
      );
    }
    views[name as keyof MlpWeights].set(found.data);
  }
  return flat;
}
