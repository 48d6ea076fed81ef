import type { CompletionModel } from './completion-engine.ts';
import { type Prediction, Sampler } from './sampling.ts';

/**
 * `start` and `next` of a model that sees only the last tokens, so that a text may be of any length.
 * @param contextLength how many tokens `predict` takes
 * @param padding the token that stands for those before the text's begin
 */
export function slidingContext(
  contextLength: number,
  padding: number,
  predict: (context: Int32Array) => Prediction,
): Pick<CompletionModel, 'start' | 'next'> {
  const context = new Int32Array(contextLength);
  return {
    start(tokenIds) {
      const seen = tokenIds.slice(-contextLength);
      context.fill(padding);
      context.set(seen, contextLength - seen.length);
      return predict(context);
    },
    next(tokenId) {
      context.copyWithin(0, 1);
      context[contextLength - 1] = tokenId;
      return predict(context);
    },
  };
}

/** Texts from the start token on: what `babble train` shows of a model. */
export async function sampleTexts(
  model: CompletionModel,
  { count, seed, maxTokens = 100 }: { count: number; seed: number; maxTokens?: number },
): Promise<readonly string[]> {
  const sampler = new Sampler({ seed });
  const texts: string[] = [];
  for (let i = 0; i < count; i++) {
    const tokenIds: number[] = [];
    let prediction = await model.start([model.startTokenId]);
    while (tokenIds.length < maxTokens) {
      const tokenId = sampler.sample(prediction, tokenIds);
      if (tokenId === model.stopTokenId) break;
      tokenIds.push(tokenId);
      prediction = await model.next(tokenId);
    }
    texts.push(tokenIds.map((tokenId) => model.vocabulary[tokenId]).join(''));
  }
  return texts;
}
