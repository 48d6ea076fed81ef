import type { StreamPart, TokenProbability } from '../engine.ts';
import type { Released } from '../shared/stop.ts';

/** A token with its text. */
export interface TextToken {
  readonly text: string;
  readonly tokenId: number;
  readonly chosen?: TokenProbability;
  readonly candidates?: readonly TokenProbability[];
}

/** Gathers the tokens of one sample into text-deltas. */
export class Deltas {
  readonly #sample: number;
  readonly #withProbabilities: boolean;
  #text = '';
  #tokens: TextToken[] = [];

  constructor(sample: number, withProbabilities: boolean) {
    this.#sample = sample;
    this.#withProbabilities = withProbabilities;
  }

  add({ text, tokens }: Released<TextToken>): void {
    this.#text += text;
    this.#tokens.push(...tokens);
  }

  /** What was added since the last time, if anything was. */
  *take(): Generator<StreamPart> {
    const tokens = this.#tokens;
    if (tokens.length === 0 && this.#text === '') return;
    const delta = {
      type: 'text-delta',
      sample: this.#sample,
      text: this.#text,
      tokenIds: tokens.map(({ tokenId }) => tokenId),
    } as const;
    this.#text = '';
    this.#tokens = [];
    if (!this.#withProbabilities) yield delta;
    else {
      yield {
        ...delta,
        chosen: tokens.flatMap(({ chosen }) => chosen ?? []),
        candidates: tokens.map(({ candidates }) => candidates ?? []),
      };
    }
  }
}
