import { AppError } from '../../errors.ts';
import { type KvContext, sharedLength } from './kv-store.ts';
import type { NativeModel } from './native/model.ts';
import { ThreadGovernor } from './threads.ts';

/** Parameters times tokens of a prompt batch: a stop waits for one batch, so large models take small ones. */
const batchWork = 4e11;

/**
 * What the KV cache holds, and how it grows. The next turn of a conversation begins with the tokens of
 * the last: they are found here and not evaluated again.
 */
export class Context implements KvContext {
  readonly #native: NativeModel;
  readonly #promptBatch: number;
  readonly #governor: ThreadGovernor;
  readonly #tokens: number[] = [];

  constructor(native: NativeModel, threads: number, parameterCount: number) {
    this.#native = native;
    this.#governor = new ThreadGovernor(threads, parameterCount);
    this.#promptBatch = Math.min(native.batchSize, Math.max(8, Math.floor(batchWork / parameterCount)));
  }

  /** All tokens evaluated, in order. */
  get tokens(): readonly number[] {
    return this.#tokens;
  }

  get capacity(): number {
    return this.#native.contextLength;
  }

  /** Tokens that can still be evaluated. */
  get room(): number {
    return this.capacity - this.#tokens.length;
  }

  async save(file: string): Promise<void> {
    this.#native.forget(this.#tokens.length); // of an evaluation that was stopped
    await this.#native.saveState(file);
  }

  async restore(file: string, tokens: readonly number[]): Promise<void> {
    this.#tokens.length = 0;
    try {
      await this.#native.restoreState(file);
      this.#tokens.push(...tokens);
    } catch (error) {
      this.#native.forget(0);
      throw error;
    }
  }

  /**
   * Makes the context hold `prompt` but for its last token, which is to be evaluated for its logits.
   * That one always goes alone: its numbers then are the same whether the rest was cached or not, and
   * the same seed gives the same text.
   * @returns how many tokens were cached. Stops early, between batches, when the signal aborts.
   */
  async load(prompt: readonly number[], signal: AbortSignal): Promise<number> {
    if (prompt.length >= this.#native.contextLength) {
      throw new AppError(
        'CONTEXT_FULL',
        `The prompt has ${prompt.length} tokens, the context holds ${this.#native.contextLength}.`,
        { hint: 'Load the model with a larger contextLength, or begin a new conversation.' },
      );
    }
    const wanted = prompt.slice(0, -1);
    const cached = this.truncate(sharedLength(this.#tokens, wanted));
    while (this.#tokens.length < wanted.length && !signal.aborted) {
      const start = this.#tokens.length;
      const batch = wanted.slice(start, start + this.#promptBatch);
      const started = performance.now();
      this.#native.setThreads(this.#governor.promptThreads);
      await this.#native.decode(batch, start, []);
      this.#governor.recordPrompt(performance.now() - started, batch.length);
      this.#tokens.push(...batch);
    }
    return cached;
  }

  /**
   * Evaluates tokens: the logits after the first are then at index 0, and so on.
   * @returns nothing to wait for if it was done in place
   */
  evaluate(tokens: readonly number[]): Promise<void> | undefined {
    const started = performance.now();
    this.#native.setThreads(this.#governor.threads);
    const end = () => {
      this.#tokens.push(...tokens);
      if (tokens.length === 1) this.#governor.record(performance.now() - started);
    };
    const evaluating = this.#native.decode(tokens, this.#tokens.length, [...tokens.keys()]);
    if (evaluating !== undefined) return evaluating.then(end);
    end();
    return undefined;
  }

  /** Keeps the first `length` tokens. @returns how many were kept: 0 when the model cannot forget a part */
  truncate(length: number): number {
    if (length >= this.#tokens.length) return this.#tokens.length;
    const kept = this.#native.forget(length) ? length : 0;
    if (kept !== length) this.#native.forget(0);
    this.#tokens.length = kept;
    return kept;
  }

  /** Makes room: drops the older half after the first token. @returns whether the model can do that */
  shift(): boolean {
    const count = Math.floor((this.#tokens.length - 1) / 2);
    if (count < 1 || !this.#native.shift(1, count, this.#tokens.length)) return false;
    this.#tokens.splice(1, count);
    return true;
  }
}
