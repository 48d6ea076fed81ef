import type { NameExamples } from './splits.ts';
import type { TokenPrediction } from './task.ts';

/**
 * Visits a model's predictions for examples of names, one after the other.
 * @param limit at most so many
 * @param probabilities of the next token after a context (contextLength)
 */
export function predictNames(
  { count, contexts, targets }: NameExamples,
  limit = count,
  probabilities: (context: Uint8Array) => Float32Array,
  visit: (prediction: TokenPrediction) => void,
): void {
  const contextLength = contexts.length / count;
  let position = 0;
  for (let i = 0; i < Math.min(count, limit); i++) {
    const target = targets[i]!;
    const context = contexts.subarray(i * contextLength, (i + 1) * contextLength);
    visit({ probabilities: probabilities(context), target, position });
    position = target === 0 ? 0 : position + 1;
  }
}
