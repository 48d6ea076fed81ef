import type { FinishReason, StreamPart, TokenProbability } from '../engine.ts';
import { type Released, StopFilter } from '../shared/stop.ts';
import { UsageMeter } from '../shared/usage.ts';
import type { Context } from './context.ts';
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

interface DrawnToken {
  readonly text: string;
  readonly tokenId: number;
  readonly chosen?: TokenProbability;
  readonly candidates?: readonly TokenProbability[];
}

/** Streams one sample: prompt, then token by token until something ends it. */
export async function* generateSample(
  native: NativeModel,
  context: Context,
  request: SampleRequest,
): AsyncGenerator<StreamPart> {
  const { prompt, sample, signal, seed } = request;
  const usage = new UsageMeter(prompt.length);
  const stops = new StopFilter<DrawnToken>(request.stop);
  const cached = signal.aborted ? 0 : await context.load(prompt, signal);
  let reason: FinishReason = 'abort';
  if (!signal.aborted) {
    using drawing = new TokenDrawing(native, context, request);
    for (;;) {
      const next = await drawing.next();
      if (typeof next === 'string') {
        reason = next;
        break;
      }
      const released = stops.push(next);
      if (released.tokens.length > 0 || released.text !== '') {
        usage.count(released.tokens.length);
        yield delta(sample, released, request.topProbabilities > 0);
      }
      if (released.stopped) {
        reason = 'stop';
        break;
      }
    }
  }
  const rest = stops.flush();
  if (rest.text !== '') {
    usage.count(rest.tokens.length);
    yield delta(sample, rest, request.topProbabilities > 0);
  }
  yield { type: 'finish', sample, reason, usage: usage.usage(cached), seed };
}

function delta(
  sample: number,
  { text, tokens }: Released<DrawnToken>,
  withProbabilities: boolean,
): StreamPart {
  const common = {
    type: 'text-delta',
    sample,
    text,
    tokenIds: tokens.map(({ tokenId }) => tokenId),
  } as const;
  if (!withProbabilities) return common;
  return {
    ...common,
    chosen: tokens.flatMap(({ chosen }) => chosen ?? []),
    candidates: tokens.map(({ candidates }) => candidates ?? []),
  };
}

/** The tokens of one sample, as they are drawn. */
class TokenDrawing implements Disposable {
  readonly #native: NativeModel;
  readonly #context: Context;
  readonly #request: SampleRequest;
  readonly #text: TokenText;
  readonly #sampler: TokenSampler;
  /** Prompt and drawn tokens. The last is not evaluated yet. */
  readonly #tokens: number[];
  #drawn = 0;
  /** Tokens that were evaluated with the last one because they may follow it, and how many did so far. */
  #guessed: readonly number[] = [];
  #guess = 0;

  constructor(native: NativeModel, context: Context, request: SampleRequest) {
    const { sampling, seed, prompt, grammar } = request;
    this.#native = native;
    this.#context = context;
    this.#request = request;
    this.#tokens = [...prompt];
    this.#sampler = native.createSampler({ sampling, seed, recent: prompt, grammar });
    this.#text = new TokenText((tokens) => native.vocabulary.detokenize(tokens), prompt);
  }

  [Symbol.dispose](): void {
    this.#sampler[Symbol.dispose]();
  }

  async next(): Promise<DrawnToken | FinishReason> {
    const { signal, maxTokens, topProbabilities } = this.#request;
    if (signal.aborted) return 'abort';
    if (this.#drawn >= maxTokens) return 'length';
    const index = this.#indexOfGuess() ?? (await this.#evaluate());
    if (index === 'context') return 'context';
    const tokenId = this.#sampler.sample(index);
    this.#tokens.push(tokenId);
    this.#drawn++;
    if (this.#native.vocabulary.isEnd(tokenId)) return 'stop';
    const text = this.#text.push(tokenId);
    if (topProbabilities === 0) return { text, tokenId };
    const { probability, candidates } = this.#probabilities(index, tokenId, topProbabilities);
    return { text, tokenId, chosen: { tokenId, text, probability }, candidates };
  }

  /** Where the next token's logits are, if the last one drawn was guessed and is evaluated already. */
  #indexOfGuess(): number | undefined {
    if (this.#guess >= this.#guessed.length) return undefined;
    if (this.#guessed[this.#guess] !== this.#tokens.at(-1)) {
      const wrong = this.#guessed.length - this.#guess;
      this.#context.truncate(this.#context.tokens.length - wrong);
      this.#guessed = [];
      return undefined;
    }
    this.#guess++;
    return this.#guess;
  }

  /** Evaluates the last token drawn. @returns where the logits after it are */
  async #evaluate(): Promise<number | 'context'> {
    if (this.#context.room < 1 && !(this.#request.contextShift && this.#context.shift())) return 'context';
    const most = Math.min(this.#request.draftTokens, this.#context.room - 1);
    this.#guessed = guessNext(this.#tokens, Math.max(0, most));
    this.#guess = 0;
    await this.#context.evaluate([this.#tokens.at(-1)!, ...this.#guessed]);
    return 0;
  }

  #probabilities(index: number, tokenId: number, count: number) {
    const rated = likeliest(this.#native.logits(index), count, [tokenId]);
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
