import type { FinishReason, StreamPart, TokenProbability } from '../engine.ts';
import { type Released, StopFilter } from '../shared/stop.ts';
import { UsageMeter } from '../shared/usage.ts';
import type { Context } from './context.ts';
import { Deltas, type TextToken } from './deltas.ts';
import { guessNext } from './draft.ts';
import { likeliest } from './likeliest.ts';
import type { NativeModel } from './native/model.ts';
import type { TokenSampler } from './native/sampler.ts';
import type { LlamaSampling } from './settings.ts';
import { TokenText } from './token-text.ts';

export interface SampleRequest {
  readonly prompt: readonly number[];
  /** Index of the sample. */
  readonly sample: number;
  readonly sampling: LlamaSampling;
  readonly seed: number;
  readonly grammar: string | undefined;
  readonly stop: readonly string[];
  readonly maxTokens: number;
  readonly topProbabilities: number;
  readonly draftTokens: number;
  readonly contextShift: boolean;
  readonly signal: AbortSignal;
}

/**
 * Quick tokens are drawn for so long before anything else is done with them. What lies between a draw and the
 * screen (its text, messages, the event loop, the front end on the other core) finds the processor's caches
 * swept by the model's weights: done for each token of a small model, it costs a tenth of the speed.
 */
const burstMs = 150;

/** Streams one sample: prompt, then burst by burst until something ends it. */
export async function* generateSample(
  native: NativeModel,
  context: Context,
  request: SampleRequest,
): AsyncGenerator<StreamPart> {
  const { prompt, sample, signal, seed } = request;
  const usage = new UsageMeter(prompt.length);
  const stops = new StopFilter<TextToken>(request.stop);
  const deltas = new Deltas(sample, request.topProbabilities > 0);
  const release = (released: Released<TextToken>) => {
    usage.count(released.tokens.length);
    deltas.add(released);
    return released.stopped;
  };
  const cached = signal.aborted ? 0 : await context.load(prompt, signal);
  let reason: FinishReason | undefined = signal.aborted ? 'abort' : undefined;
  if (reason === undefined) {
    using drawing = new TokenDrawing(native, context, request);
    const text = new TokenText((tokens) => native.vocabulary.detokenize(tokens), prompt);
    while (reason === undefined) {
      const burst = await drawing.burst();
      reason = burst.end;
      // What was drawn after a stop string is dropped.
      if (burst.tokens.some((token) => release(stops.push(withText(token, text.push(token.tokenId)))))) {
        reason = 'stop';
      }
      if (reason === undefined) yield* deltas.take();
    }
  }
  release(stops.flush());
  yield* deltas.take();
  yield { type: 'finish', sample, reason, usage: usage.usage(cached), seed };
}

interface DrawnToken {
  readonly tokenId: number;
  /** Before any sampling; if it was asked for. */
  readonly rating?: { readonly probability: number; readonly candidates: readonly TokenProbability[] };
}

interface Burst {
  readonly tokens: readonly DrawnToken[];
  /** Why there are no more. */
  readonly end: FinishReason | undefined;
}

function withText({ tokenId, rating }: DrawnToken, text: string): TextToken {
  if (rating === undefined) return { text, tokenId };
  const { probability, candidates } = rating;
  return { text, tokenId, chosen: { tokenId, text, probability }, candidates };
}

/** The tokens of one sample, as they are drawn. */
class TokenDrawing implements Disposable {
  readonly #native: NativeModel;
  readonly #context: Context;
  readonly #request: SampleRequest;
  readonly #sampler: TokenSampler;
  /** Prompt and drawn tokens. The last is not evaluated yet. */
  readonly #tokens: number[];
  #drawn = 0;
  /** Tokens that were evaluated with the last one because they may follow it. */
  #guessed: readonly number[] = [];
  /** How many of them did follow so far: the logits to draw from are at this index. */
  #guess = 0;

  constructor(native: NativeModel, context: Context, request: SampleRequest) {
    const { sampling, seed, prompt, grammar } = request;
    this.#native = native;
    this.#context = context;
    this.#request = request;
    this.#tokens = [...prompt];
    this.#sampler = native.createSampler({ sampling, seed, recent: prompt, grammar });
  }

  [Symbol.dispose](): void {
    this.#sampler[Symbol.dispose]();
  }

  /** As many tokens as come in `burstMs`, at least one; the very first alone. */
  async burst(): Promise<Burst> {
    const { signal, maxTokens, topProbabilities } = this.#request;
    const until = this.#drawn === 0 ? 0 : performance.now() + burstMs;
    const tokens: DrawnToken[] = [];
    // Once a burst: no message comes in while quick tokens are drawn, and a slow one is a burst of its own.
    if (signal.aborted) return { tokens, end: 'abort' };
    do {
      if (this.#drawn >= maxTokens) return { tokens, end: 'length' };
      if (!this.#wasGuessed()) {
        if (!this.#hasRoom()) return { tokens, end: 'context' };
        // Awaited only if it goes on: what an await runs through is cold after each token, too.
        const evaluating = this.#evaluate();
        if (evaluating !== undefined) await evaluating;
      }
      const tokenId = this.#sampler.sample(this.#guess);
      this.#tokens.push(tokenId);
      this.#drawn++;
      if (this.#native.vocabulary.isEnd(tokenId)) return { tokens, end: 'stop' };
      tokens.push(topProbabilities === 0 ? { tokenId } : { tokenId, rating: this.#rating(tokenId) });
    } while (performance.now() < until);
    return { tokens, end: undefined };
  }

  /** Whether the last token drawn was guessed and is evaluated already; wrong guesses are forgotten. */
  #wasGuessed(): boolean {
    if (this.#guess >= this.#guessed.length) return false;
    if (this.#guessed[this.#guess] !== this.#tokens.at(-1)) {
      const wrong = this.#guessed.length - this.#guess;
      this.#context.truncate(this.#context.tokens.length - wrong);
      return false;
    }
    this.#guess++;
    return true;
  }

  #hasRoom(): boolean {
    return this.#context.room >= 1 || (this.#request.contextShift && this.#context.shift());
  }

  /** Evaluates the last token drawn, and what may follow it. */
  #evaluate(): Promise<void> | undefined {
    const most = Math.min(this.#request.draftTokens, this.#context.room - 1);
    this.#guessed = guessNext(this.#tokens, Math.max(0, most));
    this.#guess = 0;
    return this.#context.evaluate([this.#tokens.at(-1)!, ...this.#guessed]);
  }

  #rating(tokenId: number) {
    const logits = this.#native.logits(this.#guess);
    const rated = likeliest(logits, this.#request.topProbabilities, [tokenId]);
    return {
      probability: Math.exp(rated.at(-1)!.logProbability),
      candidates: rated.slice(0, -1).map(({ tokenId: id, logProbability }) => ({
        tokenId: id,
        text: this.#native.vocabulary.detokenize([id], true),
        probability: Math.exp(logProbability),
      })),
    };
  }
}
