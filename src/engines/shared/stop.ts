import { AppError } from '../../errors.ts';

/** One generated token and what is told of it. */
interface HasText {
  readonly text: string;
}

/** What may be shown now. */
export interface Released<T> {
  /** Never holds a stop string, nor anything that could be the beginning of one. */
  readonly text: string;
  /** The tokens whose text begins in `text`. */
  readonly tokens: readonly T[];
  /** A stop string came: `text` is the last there is. */
  readonly stopped: boolean;
}

/**
 * Finds stop strings in a stream of tokens. Text that could be the beginning of a stop string is held back
 * until it is clear that it is none, so that no part of a stop string is ever shown.
 *
 * The stop string whose last character comes first ends the text; of several that end there, the longest.
 * So what is cut depends on the text alone, never on how it falls into tokens.
 */
export class StopFilter<T extends HasText> {
  readonly #stops: readonly string[];
  #held: T[] = [];
  /** How much of the first held token's text was shown already. */
  #shown = 0;

  /** @throws AppError INVALID_SETTING for an empty stop string */
  constructor(stops: readonly string[] = []) {
    if (stops.includes('')) {
      throw new AppError('INVALID_SETTING', 'A stop string must not be empty.');
    }
    this.#stops = stops;
  }

  push(token: T): Released<T> {
    this.#held.push(token);
    const text = this.#heldText();
    const start = this.#firstStop(text);
    if (start === undefined) return this.#release(text.length - this.#possibleStop(text), false);
    const released = this.#release(start, true);
    this.#held = [];
    this.#shown = 0;
    return released;
  }

  /** At the end of the text nothing is held back any more; after a stop string nothing is left. */
  flush(): Released<T> {
    return this.#release(this.#heldText().length, false);
  }

  #heldText(): string {
    return this.#held
      .map(({ text }) => text)
      .join('')
      .slice(this.#shown);
  }

  /** Where the stop string begins that is complete first. */
  #firstStop(text: string): number | undefined {
    const [first] = this.#stops
      .map((stop) => ({ start: text.indexOf(stop), length: stop.length }))
      .filter(({ start }) => start >= 0)
      .sort((a, b) => a.start + a.length - (b.start + b.length) || a.start - b.start);
    return first?.start;
  }

  /** Length of the longest end of `text` that a stop string begins with. */
  #possibleStop(text: string): number {
    const longest = Math.max(0, ...this.#stops.map((stop) => stop.length - 1));
    for (let length = Math.min(longest, text.length); length > 0; length--) {
      const end = text.slice(text.length - length);
      if (this.#stops.some((stop) => stop.startsWith(end))) return length;
    }
    return 0;
  }

  /** Lets the first `length` characters of the held text go. */
  #release(length: number, stopped: boolean): Released<T> {
    const text = this.#heldText().slice(0, length);
    const tokens: T[] = [];
    let left = this.#shown + length;
    // A token goes out with its first character; its rest, if any, stays held without it.
    while (this.#held.length > 0 && (left > 0 || this.#held[0]!.text === '')) {
      const first = this.#held[0]!;
      if (this.#shown === 0) tokens.push(first);
      if (left < first.text.length) break;
      left -= first.text.length;
      this.#shown = 0;
      this.#held.shift();
    }
    this.#shown = left;
    return { text, tokens, stopped };
  }
}
