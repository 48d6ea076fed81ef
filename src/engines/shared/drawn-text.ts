import type { FinishReason, GenerateRequest, StreamPart, TokenProbability } from '../engine.ts';
import { likeliest, type Prediction, probabilitiesOf, type Sampler } from './sampling.ts';
import { type Released, StopFilter } from './stop.ts';
import { UsageMeter } from './usage.ts';

/** What of a model decides how its texts look and end. */
export interface TextModel {
  /** Text of every token, by tokenId. */
  readonly vocabulary: readonly string[];
  readonly stopTokenId?: number;
  readonly longestText?: number;
}

/** A drawn token on its way out. */
interface Drawn {
  readonly tokenId: number;
  readonly text: string;
  readonly chosen?: TokenProbability;
  readonly candidates?: readonly TokenProbability[];
}

/** One sample as it comes into being: draws tokens, cuts at stop strings, ends when it has to. */
export class DrawnText {
  /** Prompt and what was drawn. */
  readonly tokenIds: number[];
  readonly #sample: number;
  readonly #model: TextModel;
  readonly #request: GenerateRequest;
  readonly #sampler: Sampler;
  readonly #promptLength: number;
  readonly #meter: UsageMeter;
  readonly #filter: StopFilter<Drawn>;
  #isCut = false;
  #reason: FinishReason | undefined;

  constructor(
    sample: number,
    model: TextModel,
    request: GenerateRequest,
    promptIds: readonly number[],
    sampler: Sampler,
  ) {
    this.#sample = sample;
    this.#model = model;
    this.#request = request;
    this.#sampler = sampler;
    this.tokenIds = [...promptIds];
    this.#promptLength = promptIds.length;
    this.#meter = new UsageMeter(promptIds.length);
    this.#filter = new StopFilter(request.stop);
  }

  /** Whether nothing more is to be drawn: it has ended, or an abort or a limit ends it now. */
  isOver(): boolean {
    const { maxTokens, signal } = this.#request;
    const { longestText = Number.POSITIVE_INFINITY } = this.#model;
    if (this.#reason !== undefined) return true;
    if (signal.aborted) this.#reason = 'abort';
    else if (this.tokenIds.length - this.#promptLength >= maxTokens) this.#reason = 'length';
    else if (this.tokenIds.length >= longestText) this.#reason = 'context';
    return this.#reason !== undefined;
  }

  /** Draws the next token. @returns what may be shown now */
  draw(prediction: Prediction): StreamPart[] {
    const tokenId = this.#sampler.sample(prediction, this.tokenIds);
    if (tokenId === this.#model.stopTokenId) {
      this.#reason = 'stop';
      return [];
    }
    this.tokenIds.push(tokenId);
    const released = this.#filter.push(this.#describe(tokenId, prediction));
    this.#isCut = released.stopped;
    if (this.#isCut) this.#reason = 'stop';
    return this.#release(released);
  }

  /** The last parts: what was held back, and how it ended. */
  finish(cachedTokens: number | undefined): StreamPart[] {
    const rest = this.#filter.flush();
    const held = this.#isCut ? [] : this.#release(rest);
    const usage = this.#meter.usage(cachedTokens);
    const reason = this.#reason ?? 'abort';
    return [...held, { type: 'finish', sample: this.#sample, reason, usage, seed: this.#sampler.seed }];
  }

  #release(released: Released<Drawn>): StreamPart[] {
    const { text, tokens } = released;
    this.#meter.count(tokens.length);
    if (tokens.length === 0) return [];
    const sample = this.#sample;
    const tokenIds = tokens.map(({ tokenId }) => tokenId);
    if (tokens[0]?.chosen === undefined) return [{ type: 'text-delta', sample, text, tokenIds }];
    const chosen = tokens.map((token) => token.chosen!);
    const candidates = tokens.map((token) => token.candidates!);
    return [{ type: 'text-delta', sample, text, tokenIds, chosen, candidates }];
  }

  #describe(tokenId: number, prediction: Prediction): Drawn {
    const text = this.#model.vocabulary[tokenId]!;
    const top = this.#request.topProbabilities ?? 0;
    if (top === 0) return { tokenId, text };
    const probabilities = probabilitiesOf(prediction);
    const chosen = { tokenId, text, probability: probabilities[tokenId]! };
    return { tokenId, text, chosen, candidates: likeliestOf(this.#model, probabilities, top) };
  }
}

/** The likeliest tokens, the one that ends a text marked. */
export function likeliestOf(model: TextModel, probabilities: Float32Array, top: number): TokenProbability[] {
  return likeliest(probabilities, model.vocabulary, top).map((token) =>
    token.tokenId === model.stopTokenId ? { ...token, ends: true } : token,
  );
}
