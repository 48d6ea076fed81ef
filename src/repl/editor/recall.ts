import type { History } from '../history.ts';

/** Walks through what was sent before; what is being written waits at the end of it. */
export class Recall {
  readonly #history: History;
  // Counted back from the history's end; 0 is the text being written.
  #back = 0;
  #draft = '';

  constructor(history: History) {
    this.#history = history;
  }

  /** Whether an earlier message is in the editor. */
  get isActive(): boolean {
    return this.#back > 0;
  }

  /** The text in the editor is a new one. */
  reset(): void {
    this.#back = 0;
  }

  /** One message further back (1) or forward (-1). Gives its text; undefined at either end. */
  step(by: 1 | -1, current: () => string): string | undefined {
    const { entries } = this.#history;
    const back = this.#back + by;
    if (back < 0 || back > entries.length) return undefined;
    if (this.#back === 0) this.#draft = current();
    this.#back = back;
    return back === 0 ? this.#draft : entries.at(-back);
  }
}
