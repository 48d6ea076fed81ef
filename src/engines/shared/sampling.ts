/**
 * From a model's answer for the next token to one token. Parameters, their order and their arithmetic are
 * llama.cpp's (penalties, topK, typicalP, topP, minP, temperature); the draw itself is PyTorch's.
 * For toy models the temperature is 1 by default and everything else off.
 */
import { randomInt } from 'node:crypto';
import { AppError } from '../../errors.ts';
import { multinomial, TorchGenerator } from '../../tensor/random/index.ts';
import type { Sampling, TokenProbability } from '../engine.ts';

/** A model's answer for the next token. A table of counts has probabilities, a network has logits. */
export type Prediction = { readonly logits: Float32Array } | { readonly probabilities: Float32Array };

type Settings = Required<Omit<Sampling, 'seed'>>;

const defaults: Settings = {
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  typicalP: 1,
  mirostat: 0,
  mirostatTau: 5,
  mirostatEta: 0.1,
  repeatLastN: 64,
  repeatPenalty: 1,
  frequencyPenalty: 0,
  presencePenalty: 0,
  multinomial: 'torch1',
};

/** Draws tokens from one generator, seeded once. */
export class Sampler {
  /** The seed that gives the same tokens again. */
  readonly seed: number;
  readonly #settings: Settings;
  readonly #generator: TorchGenerator;

  /** @throws AppError INVALID_SETTING */
  constructor(sampling: Sampling) {
    const given = Object.entries(sampling).filter(([, value]) => value !== undefined);
    this.#settings = { ...defaults, ...Object.fromEntries(given) };
    checkSettings(this.#settings);
    this.seed = sampling.seed ?? randomInt(2 ** 32);
    if (!Number.isSafeInteger(this.seed)) {
      throw new AppError('INVALID_SETTING', `seed must be a whole number, not ${this.seed}.`);
    }
    this.#generator = new TorchGenerator(this.seed);
  }

  /** @param recent the tokens so far, prompt included; the penalties look at the last of them */
  sample(prediction: Prediction, recent: readonly number[]): number {
    const { temperature, multinomial: kind } = this.#settings;
    // Probabilities that nothing changes are drawn from as they are, to the last bit.
    if ('probabilities' in prediction && temperature === 1 && this.#leavesAll()) {
      return multinomial(this.#generator, prediction.probabilities, kind);
    }
    const logits = this.#penalise(logitsOf(prediction), recent);
    if (temperature === 0) return indexOfLargest(logits);
    const kept = this.#filter(logits);
    const weights = new Float32Array(logits.length);
    const highest = Math.max(...kept.map((tokenId) => logits[tokenId]!));
    for (const tokenId of kept) weights[tokenId] = Math.exp((logits[tokenId]! - highest) / temperature);
    return multinomial(this.#generator, normalise(weights), kind);
  }

  #leavesAll(): boolean {
    const { topK, topP, minP, typicalP } = this.#settings;
    return topK === 0 && topP >= 1 && minP === 0 && typicalP >= 1 && !this.#penalises();
  }

  #penalises(): boolean {
    const { repeatLastN, repeatPenalty, frequencyPenalty, presencePenalty } = this.#settings;
    return repeatLastN !== 0 && (repeatPenalty !== 1 || frequencyPenalty !== 0 || presencePenalty !== 0);
  }

  #penalise(logits: Float32Array, recent: readonly number[]): Float32Array {
    if (!this.#penalises()) return logits;
    const { repeatLastN, repeatPenalty, frequencyPenalty, presencePenalty } = this.#settings;
    const counts = new Map<number, number>();
    const looked = repeatLastN < 0 ? recent : recent.slice(-repeatLastN);
    for (const tokenId of looked) counts.set(tokenId, (counts.get(tokenId) ?? 0) + 1);
    const penalised = logits.slice();
    for (const [tokenId, count] of counts) {
      const logit = logits[tokenId]!;
      const repeated = logit > 0 ? logit / repeatPenalty : logit * repeatPenalty;
      penalised[tokenId] = repeated - count * frequencyPenalty - presencePenalty;
    }
    return penalised;
  }

  /** The tokenIds that may be drawn, likeliest first. */
  #filter(logits: Float32Array): number[] {
    const { topK, topP, minP, typicalP } = this.#settings;
    let kept = [...logits.keys()];
    if (this.#leavesAll()) return kept;
    kept.sort((a, b) => compare(logits[b]!, logits[a]!));
    if (topK > 0) kept = kept.slice(0, topK);
    if (typicalP < 1) {
      const typical = keepTypical(kept, logits, typicalP);
      kept = kept.filter((tokenId) => typical.has(tokenId));
    }
    if (topP < 1) kept = kept.slice(0, countToReach(topP, softmaxOf(kept, logits)));
    if (minP > 0) {
      const lowest = logits[kept[0]!]! + Math.log(minP);
      kept = kept.filter((tokenId, rank) => rank === 0 || logits[tokenId]! >= lowest);
    }
    return kept;
  }
}

/** Probability of every token at temperature 1, before any filter. (V) */
export function probabilitiesOf(prediction: Prediction): Float32Array {
  if ('probabilities' in prediction) return prediction.probabilities;
  const { logits } = prediction;
  let highest = Number.NEGATIVE_INFINITY;
  for (const logit of logits) if (logit > highest) highest = logit;
  return normalise(logits.map((logit) => Math.exp(logit - highest)));
}

/** The `top` likeliest tokens, likeliest first. */
export function likeliest(
  probabilities: Float32Array,
  vocabulary: readonly string[],
  top: number,
): TokenProbability[] {
  return [...probabilities.keys()]
    .sort((a, b) => compare(probabilities[b]!, probabilities[a]!))
    .slice(0, top)
    .map((tokenId) => ({ tokenId, text: vocabulary[tokenId]!, probability: probabilities[tokenId]! }));
}

function logitsOf(prediction: Prediction): Float32Array {
  return 'logits' in prediction ? prediction.logits : prediction.probabilities.map(Math.log);
}

/** Divides by the sum, which is kept in double precision. */
function normalise(weights: Float32Array): Float32Array {
  let sum = 0;
  for (const weight of weights) sum += weight;
  return weights.map((weight) => weight / sum);
}

function softmaxOf(tokenIds: readonly number[], logits: Float32Array): number[] {
  const highest = Math.max(...tokenIds.map((tokenId) => logits[tokenId]!));
  const weights = tokenIds.map((tokenId) => Math.exp(logits[tokenId]! - highest));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** How many of the first values it takes to sum to `target`; at least one. */
function countToReach(target: number, values: readonly number[]): number {
  let sum = 0;
  const index = values.findIndex((value) => {
    sum += value;
    return sum >= target;
  });
  return index < 0 ? values.length : index + 1;
}

/** The tokens whose surprise is nearest to the expected one. Meister et al. (2022), "Locally typical sampling". */
function keepTypical(
  tokenIds: readonly number[],
  logits: Float32Array,
  typicalP: number,
): ReadonlySet<number> {
  const ranked = softmaxOf(tokenIds, logits).map((probability, rank) => ({
    tokenId: tokenIds[rank]!,
    probability,
    // An impossible token has endless surprise and no part in the expected one.
    surprise: -Math.log(probability),
  }));
  const entropy = ranked.reduce(
    (sum, { probability, surprise }) => (probability > 0 ? sum + probability * surprise : sum),
    0,
  );
  ranked.sort((a, b) => compare(Math.abs(a.surprise - entropy), Math.abs(b.surprise - entropy)));
  const count = countToReach(
    typicalP,
    ranked.map(({ probability }) => probability),
  );
  return new Set(ranked.slice(0, count).map(({ tokenId }) => tokenId));
}

/** Safe for infinities, whose difference is not a number. */
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function indexOfLargest(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

function checkSettings(settings: Settings): void {
  const check = (name: keyof Settings, fits: (value: number) => boolean, range: string) => {
    const value = settings[name];
    if (typeof value !== 'number' || !fits(value)) {
      throw new AppError('INVALID_SETTING', `${name} must be ${range}, not ${value}.`);
    }
  };
  const isFraction = (value: number) => value >= 0 && value <= 1;
  check('temperature', (value) => value >= 0 && value < Number.POSITIVE_INFINITY, 'a number from 0 up');
  check('topK', (value) => Number.isInteger(value) && value >= 0, 'a whole number from 0 up');
  check('topP', isFraction, 'from 0 to 1');
  check('minP', isFraction, 'from 0 to 1');
  check('typicalP', isFraction, 'from 0 to 1');
  check('mirostat', (value) => value === 0, '0 here (the engines llama and remote have it)');
  check('repeatLastN', (value) => Number.isInteger(value) && value >= -1, 'a whole number from -1 (all) up');
  check('repeatPenalty', (value) => value > 0 && value < Number.POSITIVE_INFINITY, 'a number above 0');
  check('frequencyPenalty', Number.isFinite, 'a number');
  check('presencePenalty', Number.isFinite, 'a number');
  if (settings.multinomial !== 'torch1' && settings.multinomial !== 'torch2') {
    throw new AppError(
      'INVALID_SETTING',
      `multinomial must be torch1 or torch2, not ${settings.multinomial}.`,
    );
  }
}
