type Waiter = { readonly resolve: (release: () => void) => void; readonly reject: (reason: unknown) => void };

/** First come, first served: one holder at a time. */
export class Turnstile {
  #held = false;
  readonly #waiters: Waiter[] = [];

  /**
   * Waits for a turn; call the result to give it up.
   * @throws the signal's reason when aborted while waiting.
   */
  enter(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      if (!this.#held) {
        this.#held = true;
        resolve(this.#release());
        return;
      }
      const waiter: Waiter = {
        resolve: (release) => {
          signal?.removeEventListener('abort', onAbort);
          resolve(release);
        },
        reject: (reason) => {
          signal?.removeEventListener('abort', onAbort);
          reject(reason);
        },
      };
      const onAbort = (): void => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiters.push(waiter);
    });
  }

  /** Sends everyone who waits away with this reason. */
  rejectAll(reason: unknown): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(reason);
  }

  #release(): () => void {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const next = this.#waiters.shift();
      if (next) next.resolve(this.#release());
      else this.#held = false;
    };
  }
}
