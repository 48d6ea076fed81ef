import { AppError } from '../../../errors.ts';
import type { Api, Pointer } from './api.ts';
import { Candidates } from './candidates.ts';
import { type ChainOptions, createChain, keptTokens, rememberedTokens } from './chain.ts';
import { largest } from './largest.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface SamplerOptions extends ChainOptions {
  readonly grammar: string | undefined;
  /** The logits of the whole vocabulary after a batch position. (V) */
  readonly logits: (index: number) => Float32Array;
}

/** Draws tokens; its memory are the generator, what the penalties look at and where the grammar stands. */
export interface TokenSampler extends Disposable {
  /** Draws the token after the batch position `index`. */
  sample(index: number): number;
}

/** @throws AppError INVALID_SETTING when llama.cpp cannot use the grammar */
export function createSampler(api: Api, vocabulary: Vocabulary, options: SamplerOptions): TokenSampler {
  const sampler = new ChainSampler(api, createChain(api, options), options);
  if (options.grammar === undefined) return sampler;
  const grammar = api.grammar(vocabulary.pointer, options.grammar, 'root');
  if (grammar !== null) return new GrammarSampler(api, vocabulary, sampler, grammar, options);
  sampler[Symbol.dispose]();
  throw new AppError('INVALID_SETTING', 'The grammar cannot be used with this model.');
}

/** Longer lists are sorted out faster by llama.cpp. */
const longestShortlist = 256;

/**
 * The chain's first filter keeps a few tokens of the vocabulary. Those that it can keep are looked up here,
 * which is several times as quick as handing it all of them: the topK largest logits, and as many more as
 * the penalties may move, with all that these may move up.
 */
class ChainSampler implements TokenSampler {
  readonly #api: Api;
  readonly #chain: Pointer;
  readonly #candidates: Candidates;
  readonly #logits: SamplerOptions['logits'];
  /** 0: all tokens. */
  readonly #shortlist: number;
  readonly #remembered: number;
  readonly #recent: number[];

  constructor(
    api: Api,
    chain: Pointer,
    { sampling, recent, contextLength, vocabSize, logits }: SamplerOptions,
  ) {
    this.#api = api;
    this.#chain = chain;
    this.#logits = logits;
    this.#remembered = rememberedTokens(sampling, contextLength);
    this.#recent = this.#remembered === 0 ? [] : recent.slice(-this.#remembered);
    const kept = keptTokens(sampling);
    const most = kept + this.#remembered;
    this.#shortlist = kept > 0 && most <= Math.min(longestShortlist, vocabSize) ? most : 0;
    this.#candidates = new Candidates(this.#shortlist === 0 ? vocabSize : most + this.#remembered);
  }

  sample(index: number): number {
    const token = this.draw(index);
    this.accept(token);
    return token;
  }

  /** Draws, and forgets it. */
  draw(index: number): number {
    const logits = this.#logits(index);
    const ids = this.#shortlist > 0 ? largest(logits, this.#shortlist) : [];
    if (this.#shortlist === 1 && ids.length === 1) return ids[0]!;
    if (ids.length === 0) this.#candidates.fill(logits);
    else if (this.#recent.length === 0) this.#candidates.fillWith(ids, logits);
    else this.#candidates.fillWith(new Set([...ids, ...this.#recent]), logits);
    return this.drawFrom(this.#candidates);
  }

  drawFrom(candidates: Candidates): number {
    this.#api.applySampler(this.#chain, candidates.pointer);
    return candidates.selected;
  }

  accept(token: number): void {
    if (this.#remembered === 0) return; // nothing else in the chain remembers
    this.#api.acceptToken(this.#chain, token);
    this.#recent.push(token);
    if (this.#recent.length > this.#remembered) this.#recent.shift();
  }

  [Symbol.dispose](): void {
    this.#api.freeSampler(this.#chain);
  }
}

/**
 * A token is drawn as if there were no grammar, and only if the grammar forbids it again from those that it
 * allows: asking it about one token is quick, about the whole vocabulary is not.
 */
class GrammarSampler implements TokenSampler {
  readonly #api: Api;
  readonly #vocabulary: Vocabulary;
  readonly #sampler: ChainSampler;
  readonly #grammar: Pointer;
  readonly #all: Candidates;
  readonly #one = new Candidates(1);
  readonly #logits: SamplerOptions['logits'];

  constructor(
    api: Api,
    vocabulary: Vocabulary,
    sampler: ChainSampler,
    grammar: Pointer,
    { vocabSize, logits }: Pick<SamplerOptions, 'vocabSize' | 'logits'>,
  ) {
    this.#api = api;
    this.#vocabulary = vocabulary;
    this.#sampler = sampler;
    this.#grammar = grammar;
    this.#all = new Candidates(vocabSize);
    this.#logits = logits;
  }

  sample(index: number): number {
    let token = this.#sampler.draw(index);
    if (!this.#allows(token)) {
      this.#all.fill(this.#logits(index));
      this.#api.applySampler(this.#grammar, this.#all.pointer);
      this.#all.dropForbidden();
      token = this.#sampler.drawFrom(this.#all);
    }
    this.#sampler.accept(token);
    if (!this.#vocabulary.isEnd(token)) this.#api.acceptToken(this.#grammar, token);
    return token;
  }

  [Symbol.dispose](): void {
    this.#sampler[Symbol.dispose]();
    this.#api.freeSampler(this.#grammar);
  }

  #allows(token: number): boolean {
    this.#one.fill([1], token);
    this.#api.applySampler(this.#grammar, this.#one.pointer);
    return this.#one.firstLogit !== Number.NEGATIVE_INFINITY;
  }
}
