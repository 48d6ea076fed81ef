import { type AttentionShape, attention, probabilities } from './attention.ts';
import type { Eager } from './eager.ts';
import type { Handle } from './runtime.ts';
import type { Node, Tape } from './tape.ts';

/** Keys and values of the tokens read so far, layer by layer: a new token then costs one token's work. */
export class KvCache implements Disposable {
  readonly #e: Eager;
  readonly #layers: { keys: Handle; values: Handle }[] = []; // (B, H, S, D) each
  #length = 0;

  constructor(e: Eager) {
    this.#e = e;
  }

  /** Tokens held: the position of the next one. */
  get length(): number {
    return this.#length;
  }

  /** Causal attention of T new tokens to themselves and to all before them: q, k, v (B, H, T, D) → (B·T, H·D). */
  attend(tape: Tape, layer: number, [q, k, v]: readonly Node[], shape: AttentionShape): Node {
    const e = this.#e;
    if (!q || !k || !v) throw new RangeError('attention takes q, k and v');
    const past = this.#layers[layer];
    const keys = past ? e.concat([past.keys, k.value], 2) : e.mul(k.value, 1);
    const values = past ? e.concat([past.values, v.value], 2) : e.mul(v.value, 1);
    e.free(past?.keys, past?.values);
    this.#layers[layer] = { keys: e.keepForever(keys), values: e.keepForever(values) };
    if (!past) return attention(tape, [q, k, v], shape);
    const { batch, length, nHead } = shape;
    const size = q.value.shape[3]!;
    return tape.layer(() => {
      const p = probabilities(e, e.mul(q.value, 1 / Math.sqrt(size)), keys); // (B, H, T, S)
      const output = e.transpose(e.batchMatMul(p, values), [0, 2, 1, 3]);
      return [e.reshape(output, [batch * length, nHead * size]), () => {}];
    });
  }

  /** Call after all layers have attended to `count` new tokens. */
  advance(count: number): void {
    this.#length += count;
  }

  /** Goes on with these of the texts, by row of the batch; a row may be taken several times. */
  choose(rows: readonly number[]): void {
    const e = this.#e;
    for (const [layer, { keys, values }] of this.#layers.entries()) {
      e.scope(() => {
        const ids = e.tensor(Int32Array.from(rows), [rows.length]);
        const chosen = (x: Handle) => e.keepForever(e.gather(x, ids));
        this.#layers[layer] = { keys: chosen(keys), values: chosen(values) };
      });
      e.free(keys, values);
    }
  }

  /** Forgets the tokens from position `length` on. */
  truncate(length: number): void {
    if (length >= this.#length) return;
    const e = this.#e;
    for (const [layer, { keys, values }] of this.#layers.entries()) {
      const cut = (x: Handle) => {
        const [batch, nHead, , size] = x.shape as [number, number, number, number];
        const kept = e.keepForever(e.slice(x, [0, 0, 0, 0], [batch, nHead, length, size]));
        e.free(x);
        return kept;
      };
      if (length > 0) this.#layers[layer] = { keys: cut(keys), values: cut(values) };
      else e.free(keys, values);
    }
    if (length === 0) this.#layers.length = 0;
    this.#length = length;
  }

  [Symbol.dispose](): void {
    this.truncate(0);
  }
}
