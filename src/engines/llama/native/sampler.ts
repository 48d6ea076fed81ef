import { AppError } from '../../../errors.ts';
import type { LlamaSampling } from '../settings.ts';
import type { Api, Pointer } from './api.ts';
import { Candidates } from './candidates.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface SamplerOptions {
  readonly sampling: LlamaSampling;
  readonly seed: number;
  /** Tokens before the first that is drawn; the penalties look at them. */
  readonly recent: readonly number[];
  readonly grammar: string | undefined;
  readonly vocabSize: number;
  readonly contextLength: number;
  /** The logits of the whole vocabulary after a batch position. (V) */
  readonly logits: (index: number) => Float32Array;
}

/** Draws tokens; its memory are the generator, what the penalties look at and where the grammar stands. */
export interface TokenSampler extends Disposable {
  /** Draws the token after the batch position `index`. */
  sample(context: Pointer, index: number): number;
}

/** @throws AppError INVALID_SETTING when llama.cpp cannot use the grammar */
export function createSampler(api: Api, vocabulary: Vocabulary, options: SamplerOptions): TokenSampler {
  const chain = createChain(api, options);
  if (options.grammar === undefined) {
    return {
      sample: (context, index) => api.sample(chain, context, index),
      [Symbol.dispose]: () => api.freeSampler(chain),
    };
  }
  const grammar = api.grammar(vocabulary.pointer, options.grammar, 'root');
  if (grammar === null) {
    api.freeSampler(chain);
    throw new AppError('INVALID_SETTING', 'The grammar cannot be used with this model.');
  }
  return new GrammarSampler(api, vocabulary, chain, grammar, options);
}

/** At least one token always stays. */
const least = 1;

/** llama.cpp's own order: penalties, topK, typicalP, topP, minP, temperature, the draw. */
function createChain(
  api: Api,
  { sampling, seed, recent, contextLength, vocabSize }: SamplerOptions,
): Pointer {
  const chain = api.createChain({ no_perf: true });
  const { repeatPenalty, frequencyPenalty, presencePenalty, repeatLastN, temperature } = sampling;
  const remembered = repeatLastN < 0 ? contextLength : repeatLastN;
  if (remembered > 0 && (repeatPenalty !== 1 || frequencyPenalty !== 0 || presencePenalty !== 0)) {
    const penalties = api.penalties(vocabSize, remembered, repeatPenalty, frequencyPenalty, presencePenalty);
    for (const token of recent.slice(-remembered)) api.acceptToken(penalties, token);
    api.addSampler(chain, penalties);
  }
  const add = (sampler: Pointer) => api.addSampler(chain, sampler);
  if (temperature === 0) {
    add(api.greedy());
    return chain;
  }
  if (sampling.topK > 0) add(api.topK(sampling.topK));
  if (sampling.typicalP < 1) add(api.typicalP(sampling.typicalP, least));
  if (sampling.topP < 1) add(api.topP(sampling.topP, least));
  if (sampling.minP > 0) add(api.minP(sampling.minP, least));
  add(api.temperature(temperature));
  add(api.distribution(seed >>> 0));
  return chain;
}

/**
 * A token is drawn as if there were no grammar, and only if the grammar forbids it again from those that it
 * allows: asking it about one token is quick, about the whole vocabulary is not.
 */
class GrammarSampler implements TokenSampler {
  readonly #api: Api;
  readonly #vocabulary: Vocabulary;
  readonly #chain: Pointer;
  readonly #grammar: Pointer;
  readonly #all: Candidates;
  readonly #one = new Candidates(1);
  readonly #logits: SamplerOptions['logits'];

  constructor(
    api: Api,
    vocabulary: Vocabulary,
    chain: Pointer,
    grammar: Pointer,
    { vocabSize, logits }: Pick<SamplerOptions, 'vocabSize' | 'logits'>,
  ) {
    this.#api = api;
    this.#vocabulary = vocabulary;
    this.#chain = chain;
    this.#grammar = grammar;
    this.#all = new Candidates(vocabSize);
    this.#logits = logits;
  }

  sample(_context: Pointer, index: number): number {
    const logits = this.#logits(index);
    this.#all.fill(logits);
    this.#api.applySampler(this.#chain, this.#all.pointer);
    let token = this.#all.selected;
    if (!this.#allows(token)) {
      this.#all.fill(logits);
      this.#api.applySampler(this.#grammar, this.#all.pointer);
      this.#all.dropForbidden();
      this.#api.applySampler(this.#chain, this.#all.pointer);
      token = this.#all.selected;
    }
    this.#api.acceptToken(this.#chain, token);
    if (!this.#vocabulary.isEnd(token)) this.#api.acceptToken(this.#grammar, token);
    return token;
  }

  [Symbol.dispose](): void {
    this.#api.freeSampler(this.#chain);
    this.#api.freeSampler(this.#grammar);
  }

  #allows(token: number): boolean {
    this.#one.fill([1], token);
    this.#api.applySampler(this.#grammar, this.#one.pointer);
    return this.#one.firstLogit !== Number.NEGATIVE_INFINITY;
  }
}
