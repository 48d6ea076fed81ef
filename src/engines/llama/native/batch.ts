import { type Api, type Batch, view } from './api.ts';

/** The one sequence of tokens that a context holds. */
export const sequence = 0;

/** A batch in native memory, for one sequence. */
export class BatchMemory implements Disposable {
  readonly #api: Api;
  readonly #batch: Batch;
  readonly #tokens: Int32Array;
  readonly #positions: Int32Array;
  readonly #wanted: Int8Array;

  constructor(api: Api, size: number) {
    this.#api = api;
    this.#batch = api.createBatch(size, 0, 1);
    const { token, pos, logits, n_seq_id, seq_id } = this.#batch;
    this.#tokens = new Int32Array(view(token, 4 * size));
    this.#positions = new Int32Array(view(pos, 4 * size));
    this.#wanted = new Int8Array(view(logits, size));
    new Int32Array(view(n_seq_id, 4 * size)).fill(1);
    for (const list of new BigUint64Array(view(seq_id, 8 * size)))
      new Int32Array(view(list, 4))[0] = sequence;
  }

  fill(tokens: readonly number[], position: number, wanted: readonly number[]): Batch {
    for (let i = 0; i < tokens.length; i++) {
      this.#tokens[i] = tokens[i]!;
      this.#positions[i] = position + i;
      this.#wanted[i] = 0;
    }
    for (const index of wanted) this.#wanted[index] = 1;
    this.#batch.n_tokens = tokens.length;
    return this.#batch;
  }

  [Symbol.dispose](): void {
    this.#api.freeBatch(this.#batch);
  }
}
