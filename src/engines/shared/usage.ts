import type { Usage } from '../engine.ts';

/** Counts the tokens of one sample and the time they take. */
export class UsageMeter {
  readonly #promptTokens: number;
  readonly #started = performance.now();
  #tokens = 0;
  #firstBatch = 0;
  #firstAt = 0;
  #lastAt = 0;

  constructor(promptTokens: number) {
    this.#promptTokens = promptTokens;
  }

  /** Tokens that go out now. */
  count(tokens: number): void {
    if (tokens === 0) return;
    this.#lastAt = performance.now();
    if (this.#tokens === 0) {
      this.#firstAt = this.#lastAt;
      this.#firstBatch = tokens;
    }
    this.#tokens += tokens;
  }

  usage(cachedTokens?: number): Usage {
    const seconds = (this.#lastAt - this.#firstAt) / 1000;
    return {
      promptTokens: this.#promptTokens,
      generatedTokens: this.#tokens,
      ...(cachedTokens === undefined ? {} : { cachedTokens }),
      firstTokenMs: this.#tokens === 0 ? 0 : this.#firstAt - this.#started,
      tokensPerSecond: seconds > 0 ? (this.#tokens - this.#firstBatch) / seconds : 0,
    };
  }
}
