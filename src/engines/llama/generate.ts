import type { FinishReason, StreamPart, TokenProbability } from '../engine.ts';
import { Sampler } from '../shared/sampling.ts';
import { type Released, StopFilter } from '../shared/stop.ts';
import { UsageMeter } from '../shared/usage.ts';
import type { Context } from './context.ts';
import { guessNext } from './draft.ts';
import type { NativeModel } from './native.ts';
import type { LlamaSampling } from './settings.ts';
import { detokenizer, TokenText } from './token-text.ts';

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
    await using drawing = await TokenDrawing.start(native, context, request);
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

interface Drawing {
  /** The prompt; drawn tokens are added. */
  readonly tokens: number[];
  readonly draw: (index: number) => Promise<number>;
  readonly drawsEarly: boolean;
  readonly disposable: Disposable;
}

/** The tokens of one sample, as they are drawn. */
class TokenDrawing implements AsyncDisposable {
  readonly #native: NativeModel;
  readonly #context: Context;
  readonly #request: SampleRequest;
  readonly #text: TokenText;
  readonly #draw: (index: number) => Promise<number>;
  /** Whether a draw may be queued behind the evaluation it waits for. */
  readonly #drawsEarly: boolean;
  readonly #disposable: Disposable;
  /** Prompt and drawn tokens. The last is not evaluated yet. */
  readonly #tokens: number[];
  #drawn = 0;
  /** Where the logits after the tokens evaluated last are, and which tokens were guessed to follow. */
  #indexes: Uint32Array = new Uint32Array();
  #guessed: readonly number[] = [];
  #guess = 0;
  /** The next token's evaluation, already running. */
  #ahead: Promise<number | 'context'> | undefined;
  /** The draw behind that evaluation. */
  #early: Promise<number> | undefined;

  static async start(native: NativeModel, context: Context, request: SampleRequest): Promise<TokenDrawing> {
    const { sampling, seed, prompt, grammar } = request;
    if (sampling.typicalP < 1 && sampling.temperature > 0) {
      // llama.cpp's typical sampling is not in the library's bindings: the toy engines' sampler has it.
      const sampler = new Sampler({ ...sampling, seed });
      const tokens = [...prompt];
      const draw = async (index: number) => sampler.sample({ logits: await native.logits(index) }, tokens);
      return new TokenDrawing(native, context, request, {
        ...{ tokens, draw, drawsEarly: false },
        disposable: { [Symbol.dispose]: () => {} },
      });
    }
    const sampler = await native.createSampler(sampling, seed, prompt, grammar);
    return new TokenDrawing(native, context, request, {
      tokens: [...prompt],
      draw: (index) => sampler.sample(index),
      drawsEarly: native.runsInOrder,
      disposable: sampler,
    });
  }

  private constructor(
    native: NativeModel,
    context: Context,
    request: SampleRequest,
    { tokens, draw, drawsEarly, disposable }: Drawing,
  ) {
    this.#native = native;
    this.#context = context;
    this.#request = request;
    this.#tokens = tokens;
    this.#draw = draw;
    this.#drawsEarly = drawsEarly;
    this.#disposable = disposable;
    this.#text = new TokenText(detokenizer(native.model), request.prompt);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ahead?.catch(() => {});
    await this.#early?.catch(() => {});
    this.#disposable[Symbol.dispose]();
  }

  async next(): Promise<DrawnToken | FinishReason> {
    const { signal, maxTokens } = this.#request;
    if (signal.aborted) return 'abort';
    if (this.#drawn >= maxTokens) return 'length';
    const index = await (this.#ahead ?? this.#following());
    this.#ahead = undefined;
    if (index === 'context') return 'context';
    const tokenId = await (this.#early ?? this.#draw(index));
    this.#early = undefined;
    this.#tokens.push(tokenId);
    this.#drawn++;
    if (this.#native.model.isEogToken(tokenId as never)) return 'stop';
    const { topProbabilities } = this.#request;
    // Before the next evaluation, which overwrites the logits.
    const probabilities =
      topProbabilities > 0 ? await this.#probabilities(index, tokenId, topProbabilities) : undefined;
    if (this.#drawn < maxTokens && !signal.aborted && this.#context.sparesCore) {
      // llama.cpp computes the next token while this one is turned into text and sent. Not where its
      // threads take every core: they would start, wait for one another by spinning, and lose milliseconds.
      this.#ahead = this.#following();
      this.#ahead.catch(() => {}); // whoever awaits it next hears of it
    }
    const text = this.#text.push(tokenId);
    if (probabilities === undefined) return { text, tokenId };
    const { probability, candidates } = probabilities;
    return { text, tokenId, chosen: { tokenId, text, probability }, candidates };
  }

  /** Where the logits after the last token are. */
  async #following(): Promise<number | 'context'> {
    return this.#indexOfGuess() ?? (await this.#evaluate());
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
    return this.#indexes[this.#guess];
  }

  async #evaluate(): Promise<number | 'context'> {
    if (this.#context.room < 1 && !(this.#request.contextShift && this.#context.shift())) return 'context';
    const most = Math.min(this.#request.draftTokens, this.#context.room - 1);
    this.#guessed = guessNext(this.#tokens, Math.max(0, most));
    this.#guess = 0;
    this.#indexes = await this.#context.evaluate([this.#tokens.at(-1)!, ...this.#guessed], ([first]) => {
      if (!this.#drawsEarly) return;
      this.#early = this.#draw(first!);
      this.#early.catch(() => {}); // a failed evaluation is told instead
    });
    return this.#indexes[0]!;
  }

  async #probabilities(index: number, tokenId: number, count: number) {
    const { top, totalWeight } = await this.#native.topLogits(index, count, [tokenId]);
    const highest = top[0]?.[1] ?? 0;
    const probability = (logit: number) => Math.exp(logit - highest) / totalWeight;
    const logit = top.find(([id]) => id === tokenId)?.[1] ?? Number.NEGATIVE_INFINITY;
    return {
      probability: probability(logit),
      candidates: top.slice(0, count).map(([id, value]) => ({
        tokenId: id,
        text: this.#native.model.detokenize([id as never], true),
        probability: probability(value),
      })),
    };
  }
}
