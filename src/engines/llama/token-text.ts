type Detokenize = (tokens: readonly number[]) => string;

const unfinished = '\uFFFD';

/**
 * Turns tokens into text one by one. A token may hold only part of a character's UTF-8 bytes: its text is
 * then '' and the character comes with the token that completes it. An unfinished end never shows.
 */
export class TokenText {
  readonly #detokenize: Detokenize;
  /** A few tokens before, since some tokenizers write a token differently at the start of a text. */
  #before: readonly number[];
  /** Text of `before`. */
  #start: string;
  #pending: number[] = [];

  /** @param detokenize text of ordinary tokens; special tokens have none */
  constructor(detokenize: Detokenize, before: readonly number[]) {
    this.#detokenize = detokenize;
    this.#before = before.slice(-contextTokens);
    this.#start = detokenize(this.#before);
  }

  push(tokenId: number): string {
    this.#pending.push(tokenId);
    const all = [...this.#before, ...this.#pending];
    const whole = this.#detokenize(all);
    const text = whole.slice(this.#start.length);
    // Four tokens can hold the bytes of any character: if it is not whole by then, it never will be.
    if (text.endsWith(unfinished) && this.#pending.length < 4) return '';
    this.#before = all.length < mostTokens ? all : all.slice(-contextTokens);
    this.#start = all.length < mostTokens ? whole : this.#detokenize(this.#before);
    this.#pending = [];
    return text;
  }
}

const contextTokens = 4;
const mostTokens = 16;
