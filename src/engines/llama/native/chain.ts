import type { LlamaSampling } from '../settings.ts';
import type { Api, Pointer } from './api.ts';

export interface ChainOptions {
  readonly sampling: LlamaSampling;
  readonly seed: number;
  /** Tokens before the first that is drawn; the penalties look at them. */
  readonly recent: readonly number[];
  readonly vocabSize: number;
  readonly contextLength: number;
}

/** At least one token always stays. */
const least = 1;
/** So many tokens mirostat 1 estimates the distribution from, as in the paper. */
const mirostatWindow = 100;

/** llama.cpp's own order: penalties, topK, typicalP, topP, minP, temperature, the draw; mirostat instead of the filters. */
export function createChain(
  api: Api,
  { sampling, seed, recent, contextLength, vocabSize }: ChainOptions,
): Pointer {
  const chain = api.createChain({ no_perf: true });
  const { repeatPenalty, frequencyPenalty, presencePenalty, temperature } = sampling;
  const remembered = rememberedTokens(sampling, contextLength);
  if (remembered > 0) {
    const penalties = api.penalties(vocabSize, remembered, repeatPenalty, frequencyPenalty, presencePenalty);
    for (const token of recent.slice(-remembered)) api.acceptToken(penalties, token);
    api.addSampler(chain, penalties);
  }
  const add = (sampler: Pointer) => api.addSampler(chain, sampler);
  if (temperature === 0) {
    add(api.greedy());
    return chain;
  }
  const { mirostat, mirostatTau: tau, mirostatEta: eta } = sampling;
  if (mirostat > 0) {
    add(api.temperature(temperature));
    add(
      mirostat === 1
        ? api.mirostat(vocabSize, seed >>> 0, tau, eta, mirostatWindow)
        : api.mirostat2(seed >>> 0, tau, eta),
    );
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

/** How many tokens the penalties look back on. */
export function rememberedTokens(
  { repeatPenalty, frequencyPenalty, presencePenalty, repeatLastN }: LlamaSampling,
  contextLength: number,
): number {
  if (repeatPenalty === 1 && frequencyPenalty === 0 && presencePenalty === 0) return 0;
  return repeatLastN < 0 ? contextLength : repeatLastN;
}

/** How many tokens the first filter leaves of the vocabulary; 0: all may come. */
export function keptTokens({ temperature, mirostat, topK }: LlamaSampling): number {
  if (temperature === 0) return 1;
  return mirostat > 0 ? 0 : topK;
}
