/**
 * Interpolated modified Kneser–Ney smoothing: Chen and Goodman, "An empirical study of smoothing techniques for
 * language modeling" (1998). The strongest of the plain n-gram models, and so the bar for a network to pass.
 *
 * An n-gram is a number in base vocabSize, its oldest token in the highest place; counting is sorting.
 */

export interface KneserNeyOptions {
  readonly vocabSize: number;
  /** Longest n-gram: order − 1 tokens of context. vocabSize ^ order must stay below 2^53. */
  readonly order: number;
  /** The first token of every sequence is only context (a start token). */
  readonly startToken?: boolean;
}

/** Contexts of one length: what followed them, discounted, and the weight of the shorter context. */
interface Level {
  readonly rowOf: ReadonlyMap<number, number>;
  readonly begins: Int32Array; // (contexts + 1)
  readonly backoff: Float64Array; // (contexts)
  readonly tokens: Uint16Array; // (n-grams)
  readonly shares: Float64Array; // (n-grams): (count − discount) / total
}

export class KneserNey {
  readonly vocabSize: number;
  readonly order: number;
  /** Shortest context first. */
  readonly #levels: readonly Level[];

  /** @throws RangeError when an n-gram does not fit a number. */
  constructor(
    sequences: readonly ArrayLike<number>[],
    { vocabSize, order, startToken = false }: KneserNeyOptions,
  ) {
    if (order < 1 || vocabSize ** order > Number.MAX_SAFE_INTEGER) {
      throw new RangeError(`order ${order} does not fit a vocabulary of ${vocabSize}`);
    }
    this.vocabSize = vocabSize;
    this.order = order;
    const first = startToken ? 1 : 0;
    const levels: Level[] = [];
    let grams = distinct(allOfLength(sequences, vocabSize, order, first));
    levels.unshift(levelOf(grams, vocabSize));
    for (let length = order - 1; length >= 1; length--) {
      // A shorter n-gram counts once for each token seen before it. One at a text's begin has none before it
      // and counts by itself.
      const size = vocabSize ** length;
      const begins = sequences.filter((tokens) => tokens.length >= length && length > first);
      const keys = new Float64Array(grams.keys.length + begins.length);
      grams.keys.forEach((key, i) => {
        keys[i] = key % size;
      });
      begins.forEach((tokens, i) => {
        keys[grams.keys.length + i] = keyOf(tokens, 0, length, vocabSize);
      });
      grams = distinct(keys);
      levels.unshift(levelOf(grams, vocabSize));
    }
    this.#levels = levels;
  }

  /** N-grams stored, of all lengths. */
  get size(): number {
    return this.#levels.reduce((sum, { tokens }) => sum + tokens.length, 0);
  }

  /** Writes P(token | tokens before `at`) into `out` (vocabSize). */
  predict(tokens: ArrayLike<number>, at: number, out: Float32Array): void {
    out.fill(1 / this.vocabSize);
    let key = 0;
    let place = 1;
    for (const [length, level] of this.#levels.entries()) {
      if (length > 0) {
        if (length > at) return;
        key += tokens[at - length]! * place;
        place *= this.vocabSize;
      }
      const row = level.rowOf.get(key);
      if (row === undefined) return;
      const backoff = level.backoff[row]!;
      for (let token = 0; token < out.length; token++) out[token]! *= backoff;
      for (let i = level.begins[row]!; i < level.begins[row + 1]!; i++) {
        out[level.tokens[i]!]! += level.shares[i]!;
      }
    }
  }
}

interface Grams {
  /** Ascending, so n-grams of the same context lie side by side. */
  readonly keys: Float64Array;
  readonly counts: Int32Array;
}

function keyOf(tokens: ArrayLike<number>, begin: number, length: number, vocabSize: number): number {
  let key = 0;
  for (let i = begin; i < begin + length; i++) key = key * vocabSize + tokens[i]!;
  return key;
}

function allOfLength(
  sequences: readonly ArrayLike<number>[],
  vocabSize: number,
  length: number,
  first: number,
): Float64Array {
  const keys: number[] = [];
  for (const tokens of sequences) {
    for (let end = Math.max(length, first + 1); end <= tokens.length; end++) {
      keys.push(keyOf(tokens, end - length, length, vocabSize));
    }
  }
  return Float64Array.from(keys);
}

function distinct(keys: Float64Array): Grams {
  keys.sort();
  const counts = new Int32Array(keys.length);
  let kinds = 0;
  for (const key of keys) {
    if (kinds === 0 || keys[kinds - 1] !== key) keys[kinds++] = key;
    counts[kinds - 1]!++;
  }
  return { keys: keys.slice(0, kinds), counts: counts.slice(0, kinds) };
}

function levelOf({ keys, counts }: Grams, vocabSize: number): Level {
  const discounts = discountsOf(countsOfCounts(counts));
  const discountOf = (count: number) => discounts[Math.min(count, 3) - 1]!;
  const rowOf = new Map<number, number>();
  const begins: number[] = [];
  const backoff: number[] = [];
  const tokens = new Uint16Array(keys.length);
  const shares = new Float64Array(keys.length);
  // Not a plain division: in the highest keys the quotient would round.
  const contextOf = (key: number) => (key - (key % vocabSize)) / vocabSize;
  let begin = 0;
  while (begin < keys.length) {
    const context = contextOf(keys[begin]!);
    let end = begin;
    let total = 0;
    while (end < keys.length && contextOf(keys[end]!) === context) total += counts[end++]!;
    let given = 0;
    for (let i = begin; i < end; i++) {
      const discount = discountOf(counts[i]!);
      given += discount;
      tokens[i] = keys[i]! % vocabSize;
      shares[i] = (counts[i]! - discount) / total;
    }
    rowOf.set(context, begins.length);
    begins.push(begin);
    backoff.push(given / total);
    begin = end;
  }
  return {
    rowOf,
    begins: Int32Array.from([...begins, keys.length]),
    backoff: Float64Array.from(backoff),
    tokens,
    shares,
  };
}

/** How many n-grams were seen once, twice, three and four times. */
function countsOfCounts(counts: Int32Array): number[] {
  const seen = [0, 0, 0, 0];
  for (const count of counts) if (count <= 4) seen[count - 1]!++;
  return seen;
}

/**
 * What is taken from n-grams seen once, twice, and more often. Where the text is too small, or too dense, for
 * Chen and Goodman's estimate: 0.5, 1 and 1.5.
 */
export function discountsOf([once, twice, thrice, four]: readonly number[]): readonly number[] {
  const y = once! / (once! + 2 * twice!);
  const estimates = [
    1 - (2 * y * twice!) / once!,
    2 - (3 * y * thrice!) / twice!,
    3 - (4 * y * four!) / thrice!,
  ];
  const fits = estimates.every((discount, i) => discount > 0 && discount <= i + 1);
  return fits && four! > 0 ? estimates : [0.5, 1, 1.5];
}
