/**
 * An engine around "tokens so far → the next token's distribution": the part of generation that all
 * models trained here share. A model gives `start` and `next`; this gives tokens, stop strings, samples,
 * penalties, probabilities, abort and usage.
 */
import { setImmediate } from 'node:timers/promises';
import { AppError } from '../../errors.ts';
import type {
  Engine,
  EngineInfo,
  FinishReason,
  GenerateRequest,
  InspectReport,
  InspectView,
  StreamPart,
  TokenProbability,
} from '../engine.ts';
import { CharTokenizer } from './char-tokenizer.ts';
import type { InspectViews } from './inspect.ts';
import { Queue } from './queue.ts';
import { likeliest, type Prediction, probabilitiesOf, Sampler } from './sampling.ts';
import { type Released, StopFilter } from './stop.ts';
import { UsageMeter } from './usage.ts';

/**
 * A model with a place in a text. One text at a time: `start` forgets the text before it, though a model
 * with a KV cache may keep what the two have in common.
 */
export interface CompletionModel {
  /** Text of every token, by tokenId. */
  readonly vocabulary: readonly string[];
  /** What a text without a prompt starts from. */
  readonly startTokenId: number;
  /** Ends a text. A model that has one was trained on texts that each begin with the start token. */
  readonly stopTokenId?: number;
  /**
   * Most tokens in a text, after which it finishes with `context`; absent for models whose context slides
   * along, so that a text may go on for ever.
   */
  readonly longestText?: number;
  /** Reads the text so far (at least one token). A prediction is valid until the next call. */
  start(tokenIds: readonly number[]): Prediction | Promise<Prediction>;
  /** Adds one token. */
  next(tokenId: number): Prediction | Promise<Prediction>;
  /** How many tokens of the last `start` a KV cache already held. */
  readonly cachedTokens?: number;
  /** Views besides `next-token` and `surprise`, which every model has. */
  readonly views?: InspectViews;
  dispose?(): void;
}

/** A drawn token on its way out. */
interface Drawn {
  readonly tokenId: number;
  readonly text: string;
  readonly chosen?: TokenProbability;
  readonly candidates?: readonly TokenProbability[];
}

/** The event loop must turn this often, or an abort's message would not arrive. */
const breathMs = 20;

export class CompletionEngine implements Engine {
  readonly info: EngineInfo;
  readonly #model: CompletionModel;
  readonly #tokenizer: CharTokenizer;
  readonly #queue = new Queue();
  #lastBreath = performance.now();
  #closed = false;

  constructor(info: EngineInfo, model: CompletionModel) {
    this.info = info;
    this.#model = model;
    this.#tokenizer = new CharTokenizer(model.vocabulary);
  }

  async *generate(request: GenerateRequest): AsyncGenerator<StreamPart> {
    const promptIds = this.#tokensOf(promptOf(request, this.info.id));
    const sampler = new Sampler(request.sampling);
    using _turn = await this.#queue.enter(request.signal);
    this.#checkOpen();
    for (let sample = 0; sample < (request.samples ?? 1); sample++) {
      yield* this.#generateOne(request, sample, promptIds, sampler);
    }
  }

  async inspect(view: InspectView): Promise<InspectReport> {
    using _turn = await this.#queue.enter();
    this.#checkOpen();
    switch (view.type) {
      case 'next-token':
        return this.#nextToken(view.prompt, view.top ?? 10);
      case 'surprise':
        return this.#surprise(view.text);
      default: {
        // The type of a view's function follows its name; TypeScript cannot follow that through the index.
        const report = this.#model.views?.[view.type] as ((of: InspectView) => InspectReport) | undefined;
        if (report) return report(view);
        throw new AppError('ENGINE_UNSUPPORTED', `${this.info.id} has nothing to show for ${view.type}.`);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    using _turn = await this.#queue.enter();
    if (this.#closed) return;
    this.#closed = true;
    this.#model.dispose?.();
  }

  #checkOpen(): void {
    if (this.#closed) throw new AppError('ENGINE_CLOSED', `The engine ${this.info.id} was closed.`);
  }

  async *#generateOne(
    request: GenerateRequest,
    sample: number,
    promptIds: readonly number[],
    sampler: Sampler,
  ): AsyncGenerator<StreamPart> {
    const { longestText = Number.POSITIVE_INFINITY, stopTokenId } = this.#model;
    const meter = new UsageMeter(promptIds.length);
    const filter = new StopFilter<Drawn>(request.stop);
    const tokenIds = [...promptIds];
    let stopped = false;
    let reason: FinishReason | undefined;
    while (reason === undefined) {
      await this.#breathe();
      const drawn = tokenIds.length - promptIds.length;
      if (request.signal.aborted) reason = 'abort';
      else if (drawn >= request.maxTokens) reason = 'length';
      else if (tokenIds.length >= longestText) reason = 'context';
      else {
        const prediction = await (drawn === 0
          ? this.#model.start(tokenIds)
          : this.#model.next(tokenIds.at(-1)!));
        const tokenId = sampler.sample(prediction, tokenIds);
        if (tokenId === stopTokenId) {
          reason = 'stop';
          break;
        }
        tokenIds.push(tokenId);
        const released = filter.push(this.#describe(tokenId, prediction, request.topProbabilities ?? 0));
        meter.count(released.tokens.length);
        if (released.tokens.length > 0) yield textDelta(sample, released);
        stopped = released.stopped;
        if (stopped) reason = 'stop';
      }
    }
    const rest = filter.flush();
    if (!stopped && rest.tokens.length > 0) {
      meter.count(rest.tokens.length);
      yield textDelta(sample, rest);
    }
    const usage = meter.usage(this.#model.cachedTokens);
    yield { type: 'finish', sample, reason, usage, seed: sampler.seed };
  }

  /** A text as the model reads it. @throws AppError TEXT_UNKNOWN_CHARACTERS, CONTEXT_FULL */
  #tokensOf(text: string): number[] {
    const { startTokenId, stopTokenId } = this.#model;
    const tokenIds = this.#tokenizer.encode(text);
    if (tokenIds.length === 0 || stopTokenId !== undefined) tokenIds.unshift(startTokenId);
    this.#checkLength(tokenIds);
    return tokenIds;
  }

  #checkLength(tokenIds: readonly number[]): void {
    const { longestText = Number.POSITIVE_INFINITY } = this.#model;
    if (tokenIds.length <= longestText) return;
    throw new AppError(
      'CONTEXT_FULL',
      `The text has ${tokenIds.length} tokens; ${this.info.modelId} takes at most ${longestText}.`,
      { hint: 'Shorten the text.' },
    );
  }

  #describe(tokenId: number, prediction: Prediction, top: number): Drawn {
    const text = this.#model.vocabulary[tokenId]!;
    if (top === 0) return { tokenId, text };
    const probabilities = probabilitiesOf(prediction);
    const chosen = { tokenId, text, probability: probabilities[tokenId]! };
    return { tokenId, text, chosen, candidates: this.#likeliest(probabilities, top) };
  }

  #likeliest(probabilities: Float32Array, top: number): TokenProbability[] {
    const { vocabulary, stopTokenId } = this.#model;
    return likeliest(probabilities, vocabulary, top).map((token) =>
      token.tokenId === stopTokenId ? { ...token, ends: true } : token,
    );
  }

  async #nextToken(prompt: string, top: number): Promise<InspectReport> {
    const probabilities = probabilitiesOf(await this.#model.start(this.#tokensOf(prompt)));
    const title = prompt === '' ? 'First token' : `Next token after ${JSON.stringify(prompt)}`;
    const tokens = this.#likeliest(probabilities, top);
    return { type: 'distribution', title, tokens };
  }

  /** How unlikely the model finds each token after the start token, and the text's end where it has one. */
  async #surprise(text: string): Promise<InspectReport> {
    const { startTokenId, stopTokenId, vocabulary } = this.#model;
    const targets = this.#tokenizer.encode(text);
    if (stopTokenId !== undefined) targets.push(stopTokenId);
    this.#checkLength(targets);
    const tokens = [];
    let previous = startTokenId;
    for (const [index, tokenId] of targets.entries()) {
      await this.#breathe();
      const prediction = await (index === 0 ? this.#model.start([previous]) : this.#model.next(previous));
      const nll = 0 - Math.log(probabilitiesOf(prediction)[tokenId]!);
      tokens.push({ text: vocabulary[tokenId]!, tokenId, nll });
      previous = tokenId;
    }
    const meanNll = tokens.reduce((sum, { nll }) => sum + nll, 0) / Math.max(tokens.length, 1);
    return { type: 'surprise', tokens, meanNll };
  }

  async #breathe(): Promise<void> {
    if (performance.now() - this.#lastBreath < breathMs) return;
    await setImmediate();
    this.#lastBreath = performance.now();
  }
}

function promptOf({ prompt, grammar, jsonSchema }: GenerateRequest, engineId: string): string {
  if (grammar !== undefined || jsonSchema !== undefined) {
    throw new AppError('ENGINE_UNSUPPORTED', `${engineId} cannot follow a grammar or a JSON schema.`);
  }
  if (prompt !== undefined) return prompt;
  throw new AppError('ENGINE_UNSUPPORTED', `${engineId} goes on from a prompt; it takes no messages.`);
}

function textDelta(sample: number, { text, tokens }: Released<Drawn>): StreamPart {
  const tokenIds = tokens.map(({ tokenId }) => tokenId);
  if (tokens[0]?.chosen === undefined) return { type: 'text-delta', sample, text, tokenIds };
  const chosen = tokens.map((token) => token.chosen!);
  const candidates = tokens.map((token) => token.candidates!);
  return { type: 'text-delta', sample, text, tokenIds, chosen, candidates };
}
