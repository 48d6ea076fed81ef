/** How often an engine may crash before it is no longer started again, and how long to wait between. */
export class CrashBudget {
  readonly #limit: number;
  readonly #windowMs: number;
  #times: number[] = [];

  /** At most `limit` crashes within `windowMs`. */
  constructor(limit = 5, windowMs = 60_000) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  record(now = performance.now()): void {
    this.#times = [...this.recent(now), now];
  }

  recent(now = performance.now()): readonly number[] {
    return this.#times.filter((time) => now - time < this.#windowMs);
  }

  isSpent(now = performance.now()): boolean {
    return this.recent(now).length >= this.#limit;
  }

  /** Milliseconds to wait before the next start: 0 after the first crash, then 200, 400, 800 … */
  delay(now = performance.now()): number {
    const crashes = this.recent(now).length;
    return crashes < 2 ? 0 : 100 * 2 ** (crashes - 1);
  }

  describe(): string {
    return `${this.#limit} times within ${Math.round(this.#windowMs / 1000)} s`;
  }
}
