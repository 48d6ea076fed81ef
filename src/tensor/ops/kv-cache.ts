import { type AttentionShape, attention, probabilities } from './attention.ts';
import type { Eager } from './eager.ts';
import type { Handle } from './runtime.ts';
import type { Node, Tape } from './tape.ts';

/** What a forward pass needs to know of the tokens before its own. */
export interface PastTokens {
  /** Where the new ones begin. */
  readonly start: Start;
  /** Causal attention of T new tokens to themselves and to all before them: q, k, v (B, H, T, D) → (B·T, H·D). */
  attend(tape: Tape, layer: number, qkv: readonly Node[], shape: AttentionShape): Node;
  /** Call after all layers have attended to `count` new tokens. */
  advance(count: number): void;
}

/** Position of the first token of a pass: a number, or in a recorded pass over one token a tensor (1) int32 below `most`. */
export type Start = number | { readonly at: Handle; readonly most: number };

/** Keys and values of the tokens read so far, layer by layer: a new token then costs one token's work. */
export class KvCache implements PastTokens, Disposable {
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

  get start(): number {
    return this.#length;
  }

  /** Keys and values (B, H, S, D), layer after layer. */
  get handles(): readonly Handle[] {
    return this.#layers.flatMap(({ keys, values }) => [keys, values]);
  }

  /** Takes the `handles` of a recorded pass over one more token. */
  replace(handles: readonly Handle[]): void {
    const e = this.#e;
    for (const [layer, { keys, values }] of this.#layers.entries()) {
      e.free(keys, values);
      const [newKeys, newValues] = [handles[2 * layer]!, handles[2 * layer + 1]!];
      this.#layers[layer] = { keys: e.keepForever(newKeys), values: e.keepForever(newValues) };
    }
    this.#length++;
  }

  attend(tape: Tape, layer: number, [q, k, v]: readonly Node[], shape: AttentionShape): Node {
    const e = this.#e;
    if (!q || !k || !v) throw new RangeError('attention takes q, k and v');
    const past = this.#layers[layer];
    const keys = past ? e.concat([past.keys, k.value], 2) : e.mul(k.value, 1);
    const values = past ? e.concat([past.values, v.value], 2) : e.mul(v.value, 1);
    e.free(past?.keys, past?.values);
    this.#layers[layer] = { keys: e.keepForever(keys), values: e.keepForever(values) };
    if (!past) return attention(tape, [q, k, v], shape);
    return attendTo(tape, q, keys, values, shape);
  }

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

/** The cache in a pass that is recorded: keys and values come in as tensors and go out as others, longer by one token. */
export class RecordedCache implements PastTokens {
  readonly start: Start;
  /** As `KvCache.handles`, after the pass. */
  readonly handles: Handle[] = [];
  readonly #past: readonly Handle[];

  constructor(past: readonly Handle[], start: Start) {
    this.#past = past;
    this.start = start;
  }

  attend(tape: Tape, layer: number, [q, k, v]: readonly Node[], shape: AttentionShape): Node {
    const { e } = tape;
    if (!q || !k || !v) throw new RangeError('attention takes q, k and v');
    const keys = e.concat([this.#past[2 * layer]!, k.value], 2);
    const values = e.concat([this.#past[2 * layer + 1]!, v.value], 2);
    this.handles.push(keys, values);
    return attendTo(tape, q, keys, values, shape);
  }

  advance(): void {}
}

/** Attention of the last T of S positions to all of them. */
function attendTo(
  tape: Tape,
  q: Node,
  keys: Handle,
  values: Handle,
  { batch, length, nHead }: AttentionShape,
): Node {
  const { e } = tape;
  const size = q.value.shape[3]!;
  return tape.layer(() => {
    const p = probabilities(e, e.mul(q.value, 1 / Math.sqrt(size)), keys); // (B, H, T, S)
    const output = e.transpose(e.batchMatMul(p, values), [0, 2, 1, 3]);
    return [e.reshape(output, [batch * length, nHead * size]), () => {}];
  });
}
