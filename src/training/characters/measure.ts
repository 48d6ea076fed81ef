/** Losses and samples of a transformer over characters. */
import { Decoder } from '../../engines/shared/decoder.ts';
import { Sampler } from '../../engines/shared/sampling.ts';
import { loadTensorFlow, type TensorFlow } from '../../tensor/index.ts';
import { crossEntropy } from '../../tensor/ops/cross-entropy.ts';
import { Eager } from '../../tensor/ops/eager.ts';
import { Parameters, type Weights } from '../../tensor/ops/parameters.ts';
import type { DType } from '../../tensor/ops/runtime.ts';
import { Tape } from '../../tensor/ops/tape.ts';
import { independentOrder } from '../order.ts';
import { type CharSplits, splitCharacters } from '../splits.ts';
import type { EvalReport, OpenedModel, OpenSetup, Split, TokenPrediction } from '../task.ts';
import type { CharacterNetwork, MakeNetwork } from './network.ts';
import { windowTensors } from './windows.ts';

/** Windows in one pass: enough to fill the cores, few enough for the cache. */
const passSize = 16;
const sampleLength = 300;

/** What is measured, and in which dtype. */
export interface Measured {
  readonly e: Eager;
  readonly network: CharacterNetwork;
  readonly parameters: Parameters;
  readonly dtype: DType;
}

/** A model with given weights, measured in float32. @throws AppError FILE_INVALID when they do not fit. */
export async function openCharacterModel(
  makeNetwork: MakeNetwork,
  { text, weights, vocabulary }: OpenSetup,
): Promise<OpenedModel> {
  const splits = splitCharacters(text, vocabulary);
  const network = makeNetwork(splits.characters.length);
  const { tf } = await loadTensorFlow();
  const e = new Eager(tf);
  const parameters = new Parameters(e, network.shapes, weights as Weights, 'float32');
  const measured = { e, network, parameters, dtype: 'float32' } as const;
  return {
    parameterCount: parameters.count,
    evaluate: (split) => evaluateAll(measured, tokensOf(splits, split)),
    estimate: (split, options) => estimateLoss(measured, tokensOf(splits, split), options),
    sample: (options) => sampleTexts(tf, network, splits.characters, weights as Weights, options),
    predict: (split, { limit }, visit) => predictAll(measured, tokensOf(splits, split), limit, visit),
    [Symbol.dispose]: () => parameters[Symbol.dispose](),
  };
}

export function tokensOf(splits: CharSplits, split: Split): Uint16Array {
  return split === 'train' ? splits.train : splits.val;
}

/** Mean loss over all of `tokens` but the first, in windows side by side; the last window may be shorter. */
export function evaluateAll(measured: Measured, tokens: Uint16Array): EvalReport {
  const { contextLength } = measured.network;
  const predicted = tokens.length - 1;
  const full = Math.floor(predicted / contextLength);
  const starts = Array.from({ length: full }, (_, window) => window * contextLength);
  let sum = 0;
  for (let first = 0; first < full; first += passSize) {
    sum += sumOfLosses(measured, tokens, starts.slice(first, first + passSize), contextLength);
  }
  const rest = predicted - full * contextLength;
  if (rest > 0) sum += sumOfLosses(measured, tokens, [full * contextLength], rest);
  return { loss: sum / predicted, tokens: predicted };
}

/** nanoGPT's estimate: the mean over random batches of 64 windows. It varies by some thousandths with the seed. */
export function estimateLoss(
  measured: Measured,
  tokens: Uint16Array,
  { batches, seed }: { batches: number; seed: number },
): EvalReport {
  const { contextLength } = measured.network;
  const order = independentOrder({ count: tokens.length - contextLength, batchSize: 64, seed });
  let sum = 0;
  for (let batch = 0; batch < batches; batch++) {
    const starts = order.indices(batch);
    for (let first = 0; first < starts.length; first += passSize) {
      sum += sumOfLosses(measured, tokens, starts.subarray(first, first + passSize), contextLength);
    }
  }
  const predicted = batches * 64 * contextLength;
  return { loss: sum / predicted, tokens: predicted };
}

function sumOfLosses(
  { e, network, parameters, dtype }: Measured,
  tokens: Uint16Array,
  starts: ArrayLike<number>,
  length: number,
): number {
  return e.scope(() => {
    const { inputs, targets } = windowTensors(e, tokens, starts, length);
    const tape = new Tape(e, { dtype });
    const losses = crossEntropy(tape, network.forward(tape, parameters, inputs), targets);
    return e.read(losses.value).reduce((sum, loss) => sum + loss, 0);
  });
}

/** The predictions for `tokens` in the windows of `evaluateAll`; those of the last, shorter window are left out. */
function predictAll(
  { e, network, parameters, dtype }: Measured,
  tokens: Uint16Array,
  limit = Number.POSITIVE_INFINITY,
  visit: (prediction: TokenPrediction) => void,
): void {
  const { contextLength } = network;
  const windows = Math.min(Math.ceil(limit / contextLength), Math.floor((tokens.length - 1) / contextLength));
  const starts = Array.from({ length: windows }, (_, window) => window * contextLength);
  for (let first = 0; first < windows; first += passSize) {
    const own = starts.slice(first, first + passSize);
    e.scope(() => {
      const { inputs } = windowTensors(e, tokens, own, contextLength);
      const logits = network.forward(new Tape(e, { dtype }), parameters, inputs).value; // (B·T, V)
      const all = e.read(e.unary('Softmax', e.cast(logits, 'float32')));
      const vocabSize = logits.shape[1]!;
      for (let i = 0; i < own.length * contextLength; i++) {
        visit({
          probabilities: all.subarray(i * vocabSize, (i + 1) * vocabSize),
          target: tokens[first * contextLength + i + 1]!,
          position: i % contextLength,
        });
      }
    });
  }
}

/** Texts from a newline on, all drawn at once from one generator. */
export function sampleTexts(
  tf: TensorFlow,
  network: CharacterNetwork,
  characters: readonly string[],
  weights: Weights,
  { count, seed }: { count: number; seed: number },
): readonly string[] {
  using decoder = new Decoder(tf, {
    shapes: network.shapes,
    weights,
    contextLength: network.contextLength,
    forward: (tape, parameters, tokens, cache) => network.forward(tape, parameters, tokens, { cache }),
  });
  const sampler = new Sampler({ seed });
  const start = Math.max(characters.indexOf('\n'), 0);
  const texts = Array.from({ length: count }, () => [start]);
  let logits = decoder.start(texts); // (B·V)
  for (let i = 0; i < sampleLength; i++) {
    const drawn = texts.map((text, row) => {
      const own = logits.subarray(row * characters.length, (row + 1) * characters.length);
      return sampler.sample({ logits: own }, text);
    });
    for (const [row, tokenId] of drawn.entries()) texts[row]!.push(tokenId);
    if (i + 1 < sampleLength) logits = decoder.next(drawn);
  }
  return texts.map((text) =>
    text
      .slice(1)
      .map((tokenId) => characters[tokenId])
      .join(''),
  );
}
