import { HttpError } from './http-error.ts';

/** Bounds the requests that wait or run; beyond it a client is told when to come back. */
export class Gate {
  readonly #limit: number;
  #inside = 0;
  #meanSeconds = 1;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get inside(): number {
    return this.#inside;
  }

  /** Dispose the result to leave. @throws HttpError 503 with Retry-After when full. */
  enter(): Disposable {
    if (this.#inside >= this.#limit) {
      const wait = Math.min(60, Math.max(1, Math.ceil(this.#meanSeconds)));
      throw new HttpError(
        503,
        'QUEUE_FULL',
        `${this.#inside} requests wait already. Try again in ${wait} s.`,
        {
          'retry-after': String(wait),
        },
      );
    }
    this.#inside += 1;
    const started = performance.now();
    return {
      [Symbol.dispose]: () => {
        this.#inside -= 1;
        this.#meanSeconds = 0.8 * this.#meanSeconds + 0.2 * ((performance.now() - started) / 1000);
      },
    };
  }
}
