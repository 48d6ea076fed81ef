import { AppError } from '../../../errors.ts';
import type { Api, Pointer } from './api.ts';

/** A model's tokens: text to ids and back. */
export class Vocabulary implements Disposable {
  /** Token that begins a text, if there is one. */
  readonly start: number | undefined;
  /** Token that ends a text, if there is one. */
  readonly end: number | undefined;
  /** Whether the model expects texts to begin with `start`. */
  readonly addsStart: boolean;
  readonly #api: Api;
  #pointer: Pointer | undefined;

  constructor(api: Api, model: Pointer) {
    this.#api = api;
    this.#pointer = api.vocabulary(model);
    this.start = known(api.startToken(this.pointer));
    this.end = known(api.endToken(this.pointer));
    this.addsStart = this.start !== undefined && api.addsStart(this.pointer);
  }

  /** @throws AppError ENGINE_CLOSED once its model is freed */
  get pointer(): Pointer {
    if (this.#pointer === undefined) throw new AppError('ENGINE_CLOSED', 'The engine was closed.');
    return this.#pointer;
  }

  /** It is the model's, which frees it: here it is only not used any more. */
  [Symbol.dispose](): void {
    this.#pointer = undefined;
  }

  /** @param special whether the texts of special tokens become those tokens */
  tokenize(text: string, special = false): number[] {
    if (text === '') return [];
    const bytes = Buffer.from(text);
    const ask = (tokens: Int32Array) =>
      this.#api.tokenize(this.pointer, bytes, bytes.length, tokens, tokens.length, false, special);
    return [...filled(ask, new Int32Array(bytes.length + 16), (size) => new Int32Array(size))];
  }

  /** @param special whether special tokens are written out; else they have no text */
  detokenize(tokens: readonly number[], special = false): string {
    if (tokens.length === 0) return '';
    const ids = Int32Array.from(tokens);
    const ask = (text: Uint8Array) =>
      this.#api.detokenize(this.pointer, ids, ids.length, text, text.length, false, special);
    return Buffer.from(filled(ask, Buffer.alloc(16 * ids.length + 64), Buffer.alloc)).toString();
  }

  /** A special token's text, as templates write it. */
  textOf(token: number | undefined): string {
    return token === undefined ? '' : (this.#api.tokenText(this.pointer, token) ?? '');
  }

  /** Whether the token ends an answer. */
  isEnd(token: number): boolean {
    return this.#api.isEnd(this.pointer, token);
  }
}

const known = (token: number) => (token < 0 ? undefined : token);

/** The function tells how much it wrote, or how much room it needs as a negative number. */
function filled<List extends Int32Array | Uint8Array>(
  ask: (room: List) => number,
  room: List,
  larger: (size: number) => List,
): List {
  const written = ask(room);
  if (written >= 0) return room.subarray(0, written) as List;
  const enough = larger(-written);
  return enough.subarray(0, ask(enough)) as List;
}
