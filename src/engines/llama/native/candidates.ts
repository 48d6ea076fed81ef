import { address, type Pointer } from './api.ts';

/** The structure: data (8 bytes), size (8), selected (8), sorted (1). */
const headerBytes = 32;
/** One candidate: id, logit, probability, of 4 bytes each. */
const fields = 3;

/** Tokens to choose from, as llama.cpp's samplers take them (`llama_token_data_array`). */
export class Candidates {
  /** Of the structure. */
  readonly pointer: Pointer;
  readonly #list: Pointer;
  readonly #capacity: number;
  readonly #header: BigInt64Array;
  readonly #flags: Uint8Array;
  readonly #ids: Int32Array;
  readonly #values: Float32Array;

  constructor(capacity: number) {
    // Not a typed array by its length: V8 moves the small ones.
    const memory = new ArrayBuffer(headerBytes + capacity * fields * 4);
    this.pointer = address(memory);
    this.#list = this.pointer + BigInt(headerBytes);
    this.#capacity = capacity;
    this.#header = new BigInt64Array(memory, 0, 3);
    this.#flags = new Uint8Array(memory, 24, 1);
    this.#ids = new Int32Array(memory, headerBytes);
    this.#values = new Float32Array(memory, headerBytes);
  }

  /** All tokens from `first` on, by their logits. */
  fill(logits: ArrayLike<number>, first = 0): void {
    for (let i = 0; i < this.#capacity; i++) this.#put(i, first + i, logits[i]!);
    this.#begin(this.#capacity);
  }

  /** These tokens, at most as many as there is room for. */
  fillWith(ids: Iterable<number>, logits: Float32Array): void {
    let size = 0;
    for (const id of ids) this.#put(size++, id, logits[id]!);
    this.#begin(size);
  }

  /** Of those just filled in, leaves out what a grammar has forbidden: typicalP cannot reckon with a probability of 0. */
  dropForbidden(): void {
    let kept = 0;
    for (let i = 0; i < this.#capacity; i++) {
      const logit = this.#values[i * fields + 1]!;
      if (logit === Number.NEGATIVE_INFINITY) continue;
      this.#ids[kept * fields] = this.#ids[i * fields]!;
      this.#values[kept * fields + 1] = logit;
      kept++;
    }
    if (kept > 0) this.#header[1] = BigInt(kept);
  }

  /** The token that a sampler chose. */
  get selected(): number {
    return this.#ids[Number(this.#header[2]) * fields]!;
  }

  /** The first one's logit: -Infinity once a grammar has forbidden it. */
  get firstLogit(): number {
    return this.#values[1]!;
  }

  #put(index: number, id: number, logit: number): void {
    this.#ids[index * fields] = id;
    this.#values[index * fields + 1] = logit;
    this.#values[index * fields + 2] = 0;
  }

  /** They are `size`, none is chosen, in no order. */
  #begin(size: number): void {
    this.#header[0] = this.#list;
    this.#header[1] = BigInt(size);
    this.#header[2] = -1n;
    this.#flags[0] = 0;
  }
}
