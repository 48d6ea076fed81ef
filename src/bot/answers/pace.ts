/** How long answers take, by engine, learned from those that have ended; for telling people how long they will wait. */
export class Pace {
  private readonly seconds = new Map<string, number>();

  /** Takes note of one answer's time. Recent answers weigh more. */
  learn(engine: string, seconds: number): void {
    const old = this.seconds.get(engine);
    this.seconds.set(engine, old === undefined ? seconds : 0.7 * old + 0.3 * seconds);
  }

  /** Seconds until a request at this place (0 is next) gets its slot; undefined before any answer has ended. */
  estimate(engine: string, position: number, slots: number): number | undefined {
    const each = this.seconds.get(engine);
    return each === undefined ? undefined : (each * (position + 1)) / slots;
  }
}

/** `8 s`, `3 min`, `2 h`: rounded up, for people. */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.ceil(seconds))} s`;
  if (seconds < 3_600) return `${Math.ceil(seconds / 60)} min`;
  return `${Math.ceil(seconds / 3_600)} h`;
}
