/** Lets one user at a time at a thing that has a state, in the order of asking. */
export class Queue {
  #last: Promise<void> = Promise.resolve();

  /**
   * Waits for a turn; dispose what it returns to end the turn. When the signal aborts first it returns at
   * once: ask `signal.aborted` before using the thing.
   */
  async enter(signal?: AbortSignal): Promise<Disposable> {
    const { promise: done, resolve: leave } = Promise.withResolvers<void>();
    const before = this.#last;
    this.#last = before.then(() => done);
    const { promise: aborted, resolve: abort } = Promise.withResolvers<void>();
    const onAbort = () => abort();
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted) abort();
    await Promise.race([before, aborted]);
    signal?.removeEventListener('abort', onAbort);
    return { [Symbol.dispose]: leave };
  }
}
