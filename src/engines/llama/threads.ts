/**
 * llama.cpp's compute threads wait for one another by spinning, many times a token. While all have a core
 * that is fastest; when anything else needs one (a training, another engine, the garbage collector), each
 * wait lasts until the scheduler gives the core back, and a token takes several times as long. One thread
 * fewer leaves that core free. Which is better changes with what else runs, so it is measured: a few
 * tokens with the other number now and then. Threads exist only while a token is computed: nothing spins
 * between tokens or when idle.
 */
export class ThreadGovernor {
  readonly #choices: readonly number[];
  #current: number;
  /** The number being tried, and the times of its tokens. */
  #trial: { readonly threads: number; readonly times: number[] } | undefined;
  #times: number[] = [];

  constructor(most: number) {
    this.#choices = most > 1 ? [most, most - 1] : [most];
    this.#current = most;
  }

  /** Threads for the next token. */
  get threads(): number {
    return this.#trial?.threads ?? this.#current;
  }

  /** Tells how long a token took with `threads`. */
  record(milliseconds: number): void {
    if (this.#choices.length === 1 || milliseconds > slowTokenMs) return;
    if (this.#trial === undefined) {
      this.#times.push(milliseconds);
      if (this.#times.length === firstTokens || this.#times.length % tokensBetweenTrials === 0) {
        const threads = this.#choices.find((choice) => choice !== this.#current)!;
        this.#trial = { threads, times: [] };
      }
      return;
    }
    const { threads, times } = this.#trial;
    times.push(milliseconds);
    if (times.length < trialTokens) return;
    if (median(times) < median(this.#times.slice(-tokensBetweenTrials))) {
      this.#current = threads;
      this.#times = times;
    } else if (this.#times.length > 2 * tokensBetweenTrials) {
      this.#times = this.#times.slice(-tokensBetweenTrials);
    }
    this.#trial = undefined;
  }
}

const firstTokens = 5;
const trialTokens = 3;
const tokensBetweenTrials = 96;
/** Above this a trial costs more than it can win. */
const slowTokenMs = 200;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.POSITIVE_INFINITY;
}
