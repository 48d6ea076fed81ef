import type { Api, Pointer } from './api.ts';

/**
 * How long a thread looks for the next token's work before it sleeps, in llama.cpp's unit; 70 ms here. Long
 * enough to find the next token, short enough to leave an idle processor idle. llama.cpp's default is 50.
 */
const poll = 20;

/**
 * Compute threads that are kept from token to token. Without them llama.cpp starts its threads anew for
 * each, which costs a small model a tenth of its speed.
 */
export class ThreadPool implements Disposable {
  readonly #api: Api;
  readonly #pointer: Pointer | null;

  constructor(api: Api, threads: number) {
    this.#api = api;
    this.#pointer =
      threads < 2
        ? null
        : api.createThreadPool({ ...api.threadPoolDefaults(threads), n_threads: threads, poll });
  }

  /** The context's tokens are computed by them; it must be freed first. */
  attachTo(context: Pointer): void {
    if (this.#pointer !== null) this.#api.attachThreadPool(context, this.#pointer, null);
  }

  [Symbol.dispose](): void {
    if (this.#pointer !== null) this.#api.freeThreadPool(this.#pointer);
  }
}
