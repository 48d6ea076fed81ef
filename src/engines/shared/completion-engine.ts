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
  GenerateRequest,
  InspectReport,
  InspectView,
  StreamPart,
} from '../engine.ts';
import { CharTokenizer } from './char-tokenizer.ts';
import { DrawnText, likeliestOf } from './drawn-text.ts';
import type { InspectViews } from './inspect.ts';
import { Queue } from './queue.ts';
import { type Prediction, probabilitiesOf, Sampler } from './sampling.ts';

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
  /** Several texts at once; absent: one after another. */
  readonly batch?: Batch;
  dispose?(): void;
}

/** Several texts that begin alike, read side by side. Predictions are in the texts' order. */
export interface Batch {
  /** Most texts at once. */
  readonly most: number;
  start(tokenIds: readonly number[], count: number): readonly Prediction[];
  /** Adds a token to each of these rows of the step before; rows that are not named have ended. */
  next(rows: readonly { readonly row: number; readonly tokenId: number }[]): readonly Prediction[];
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
    const { samples = 1 } = request;
    const { batch } = this.#model;
    if (batch && samples > 1) {
      const texts = Array.from({ length: samples }, (_, i) => {
        const own = new Sampler({ ...request.sampling, seed: sampler.seed + i });
        return new DrawnText(i, this.#model, request, promptIds, own);
      });
      for (let i = 0; i < samples; i += batch.most) {
        yield* this.#drawTogether(batch, texts.slice(i, i + batch.most));
      }
      return;
    }
    for (let sample = 0; sample < samples; sample++) {
      yield* this.#drawOne(new DrawnText(sample, this.#model, request, promptIds, sampler));
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

  async *#drawOne(text: DrawnText): AsyncGenerator<StreamPart> {
    for (let isFirst = true; ; isFirst = false) {
      await this.#breathe();
      if (text.isOver()) break;
      const prediction = isFirst ? this.#model.start(text.tokenIds) : this.#model.next(text.tokenIds.at(-1)!);
      yield* text.draw(await prediction);
    }
    yield* text.finish(this.#model.cachedTokens);
  }

  /** Texts with one prompt, a token of each at a time. One that ends leaves the others' steps quicker. */
  async *#drawTogether(batch: Batch, texts: readonly DrawnText[]): AsyncGenerator<StreamPart> {
    let going = texts;
    for (let isFirst = true; going.length > 0; isFirst = false) {
      await this.#breathe();
      const over = going.filter((text) => text.isOver());
      const rows = [...going.keys()].filter((row) => !over.includes(going[row]!));
      going = rows.map((row) => going[row]!);
      for (const text of over) yield* text.finish(this.#model.cachedTokens);
      if (going.length === 0) return;
      const predictions = isFirst
        ? batch.start(going[0]!.tokenIds, going.length)
        : batch.next(going.map((text, i) => ({ row: rows[i]!, tokenId: text.tokenIds.at(-1)! })));
      for (const [i, text] of going.entries()) yield* text.draw(predictions[i]!);
    }
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

  async #nextToken(prompt: string, top: number): Promise<InspectReport> {
    const probabilities = probabilitiesOf(await this.#model.start(this.#tokensOf(prompt)));
    const title = prompt === '' ? 'First token' : `Next token after ${JSON.stringify(prompt)}`;
    const tokens = likeliestOf(this.#model, probabilities, top);
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
