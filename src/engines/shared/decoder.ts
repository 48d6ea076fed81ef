import type { TensorFlow } from '../../tensor/index.ts';
import { Eager } from '../../tensor/ops/eager.ts';
import { KvCache, type PastTokens } from '../../tensor/ops/kv-cache.ts';
import { type ParameterShapes, Parameters, type Weights } from '../../tensor/ops/parameters.ts';
import type { Handle } from '../../tensor/ops/runtime.ts';
import { type Node, Tape } from '../../tensor/ops/tape.ts';
import { RecordedToken } from './recorded-token.ts';

/** A transformer's forward pass: tokens (B, T) after those in the cache → logits (B·T, V). */
export type CachedForward = (tape: Tape, parameters: Parameters, tokens: Handle, cache: PastTokens) => Node;

/**
 * Reads texts token by token through a KV cache: B texts of one length at once. When the context is full it
 * goes on with the later half of it, read anew: so a text may be of any length at a bounded price.
 */
export class Decoder implements Disposable {
  readonly e: Eager;
  readonly parameters: Parameters;
  readonly #forward: CachedForward;
  readonly #contextLength: number;
  readonly #cache: KvCache;
  readonly #oneToken: RecordedToken;
  /** Tokens in the cache, text by text. */
  #read: number[][] = [];
  /** How many tokens of the last `start` were in the cache already. */
  cachedTokens = 0;

  constructor(
    tf: TensorFlow,
    model: { shapes: ParameterShapes; weights: Weights; contextLength: number; forward: CachedForward },
  ) {
    this.e = new Eager(tf);
    this.parameters = new Parameters(this.e, model.shapes, model.weights, 'float32');
    this.#forward = model.forward;
    this.#contextLength = model.contextLength;
    this.#cache = new KvCache(this.e);
    const { forward, contextLength } = model;
    this.#oneToken = new RecordedToken(this.e, { parameters: this.parameters, forward, contextLength });
  }

  /** Begins `texts` (B texts of T tokens), keeping what the cache has of them. @returns logits of the next tokens (B·V) */
  start(texts: readonly (readonly number[])[]): Float32Array {
    const seen = texts.map((text) => text.slice(-this.#contextLength));
    const [first] = seen;
    if (!first || seen.some(({ length }) => length !== first.length || length === 0)) {
      throw new RangeError('texts must have one length, at least 1');
    }
    // The last token is read again in any case: its logits are wanted.
    let common = seen.length === this.#read.length ? first.length - 1 : 0;
    seen.forEach((text, row) => {
      const known = this.#read[row] ?? [];
      const differs = text.findIndex((tokenId, i) => tokenId !== known[i]);
      if (differs >= 0) common = Math.min(common, differs);
    });
    this.cachedTokens = common;
    this.#forget(common);
    return this.#feed(seen.map((text) => text.slice(common)));
  }

  /** Adds one token to each text. @returns logits (B·V) */
  next(tokenIds: readonly number[]): Float32Array {
    if (this.#cache.length < this.#contextLength) return this.#feed(tokenIds.map((tokenId) => [tokenId]));
    const half = Math.ceil(this.#contextLength / 2);
    const later = this.#read.map((text, row) => [...text.slice(half), tokenIds[row]!]);
    this.#forget(0);
    return this.#feed(later);
  }

  /** Goes on with these of the texts, by row: some may be left out, others taken several times. */
  choose(rows: readonly number[]): void {
    if (rows.length === this.#read.length && rows.every((row, i) => row === i)) return;
    this.#cache.choose(rows);
    this.#read = rows.map((row) => [...this.#read[row]!]);
  }

  [Symbol.dispose](): void {
    this.#oneToken[Symbol.dispose]();
    this.#cache[Symbol.dispose]();
    this.parameters[Symbol.dispose]();
  }

  #forget(length: number): void {
    this.#cache.truncate(length);
    this.#read = this.#read.map((text) => text.slice(0, length));
  }

  #feed(texts: readonly (readonly number[])[]): Float32Array {
    const { e } = this;
    const [batch, length] = [texts.length, texts[0]!.length];
    this.#read = texts.map((text, row) => [...(this.#read[row] ?? []), ...text]);
    const alone = batch === 1 && length === 1 && this.#cache.length > 0;
    if (alone) return e.scope(() => e.read(this.#oneToken.read(texts[0]![0]!, this.#cache)));
    return e.scope(() => {
      const tape = new Tape(e, { dtype: 'float32' });
      const tokens = e.tensor(Int32Array.from(texts.flat()), [batch, length]);
      const logits = this.#forward(tape, this.parameters, tokens, this.#cache).value; // (B·T, V)
      const vocabSize = logits.shape[1]!;
      const byText = e.reshape(logits, [batch, length, vocabSize]);
      return e.read(e.slice(byText, [0, length - 1, 0], [batch, 1, vocabSize]));
    });
  }
}
