/**
 * llama.cpp's compute threads wait for one another by spinning, many times a token. While all have a core
 * that is fastest; when anything else needs one (a training, another engine, the garbage collector), each
 * wait lasts until the scheduler gives the core back, and a token takes several times as long. One thread
 * fewer leaves that core free. Which is better changes with what else runs, so it is measured: a few
 * tokens with the other number now and then, and the one whose tokens took less on average goes on. (On
 * average: where two threads get in each other's way half of the tokens are fast and half four times as
 * slow.) Between tokens the threads look for work for a moment and then sleep: nothing spins when idle.
 */
export class ThreadGovernor {
  readonly #choices: readonly number[];
  /** Milliseconds a token, by number of threads; what is not current may be out of date. */
  readonly #means = new Map<number, number>();
  readonly #most: number;
  readonly #troubleMs: number;
  #current: number;
  /** Times of the tokens computed with the other number, while it is tried. */
  #trial: number[] | undefined;
  #tokens = 0;
  /** Batches to come with fewer threads: one with all was slower a token than single tokens are. */
  #sufferingBatches = 0;
  #pause = shortestPause;
  #nextTrial = firstTrial;

  /** @param parameterCount tells how long a token may take before something must be in the way */
  constructor(most: number, parameterCount = Number.POSITIVE_INFINITY) {
    this.#most = most;
    this.#troubleMs = parameterCount / troublePerMs;
    this.#choices = most > 1 ? [most, most - 1] : [most];
    this.#current = most;
  }

  /** Threads for the next token. */
  get threads(): number {
    return this.#trial === undefined ? this.#current : this.#other;
  }

  get #other(): number {
    return this.#choices.find((choice) => choice !== this.#current) ?? this.#current;
  }

  /**
   * Threads for a batch of a prompt. In a batch they wait for one another less often for the work they do:
   * all of them, even where single tokens are faster with fewer, unless batches were seen to suffer too.
   */
  get promptThreads(): number {
    return this.#sufferingBatches > 0 ? this.#current : this.#most;
  }

  /** Tells how long a batch took with `promptThreads`. A token of a batch never takes longer than one alone. */
  recordPrompt(milliseconds: number, tokens: number): void {
    if (tokens < leastBatch) return; // tells little
    if (this.#sufferingBatches > 0) this.#sufferingBatches--;
    else {
      const single = this.#means.get(this.#current) ?? Number.POSITIVE_INFINITY;
      if (milliseconds / tokens > single) this.#sufferingBatches = batchesBetweenTrials;
    }
  }

  /** Tells how long a token took with `threads`. */
  record(milliseconds: number): void {
    if (this.#choices.length === 1) return;
    if (this.#tokens++ === 0) return; // pays for what is touched for the first time
    if (this.#trial === undefined) this.#recordUsual(milliseconds);
    else this.#recordTrial(this.#trial, milliseconds);
  }

  #recordUsual(milliseconds: number): void {
    const before = this.#means.get(this.#current) ?? milliseconds;
    const weight = Math.max(1 / (this.#tokens - 1), newestWeight);
    const mean = before + weight * (Math.min(milliseconds, outlier * before) - before);
    this.#means.set(this.#current, mean);
    if (mean > (this.#means.get(this.#other) ?? Number.POSITIVE_INFINITY)) this.#switch();
    else if (this.#tokens >= this.#nextTrial && (mean < slowTokenMs || mean > this.#troubleMs)) {
      this.#trial = [];
    }
  }

  /** A trial ends early once it is clearly losing: with all cores free it then costs one slow token. */
  #recordTrial(trial: number[], milliseconds: number): void {
    trial.push(milliseconds);
    const total = trial.reduce((sum, time) => sum + time, 0);
    const best = this.#means.get(this.#current)!;
    const losing = total > clearlySlower * trial.length * best;
    if (trial.length < trialTokens && !losing) return;
    this.#trial = undefined;
    this.#means.set(this.#other, total / trial.length);
    if (total < trial.length * best) this.#switch();
    else {
      const longest = this.#current === this.#most ? longestPauseWithMost : longestPause;
      this.#pause = Math.min(2 * this.#pause, longest);
      this.#nextTrial = this.#tokens + this.#pause;
    }
  }

  #switch(): void {
    this.#current = this.#other;
    this.#pause = shortestPause;
    this.#nextTrial = this.#tokens + this.#pause;
  }
}

const firstTrial = 8;
const trialTokens = 4;
const clearlySlower = 1.2;
/** Tokens between trials; twice as many after each that was in vain. */
const shortestPause = 24;
const longestPause = 192;
/** That something came in the way shows without a trial: tokens then take longer than the last one with fewer threads. */
const longestPauseWithMost = 1536;
const leastBatch = 32;
const batchesBetweenTrials = 8;
/** Share of the newest token in the mean. */
const newestWeight = 1 / 16;
/** One token counts for no more than so many times the mean: the machine may have been busy for a moment. */
const outlier = 4;
/** Above this a trial costs more than it can win, unless something is in the way. */
const slowTokenMs = 200;
/** The slowest machine that is left alone computes more parameters a millisecond than this. */
const troublePerMs = 2e6;
