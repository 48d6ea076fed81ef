/** wavenet as an engine: names, letter by letter, in plain JavaScript; TensorFlow is not loaded. */
import { loadFloats, type StoredTensor } from '../../formats/safetensors.ts';
import type { CompletionModel } from '../shared/completion-engine.ts';
import { completionFactory } from '../shared/completion-factory.ts';
import { chainReport, similarityReport, weightsReport } from '../shared/inspect.ts';
import { contextLength, nEmbd, nHidden, parameterShapes, vocabSize, Wavenet } from './model.ts';

export const factory = completionFactory({
  id: 'wavenet',
  build: ({ vocabulary }, weights) => completionModel(vocabulary, weights),
});

function completionModel(
  vocabulary: readonly string[],
  tensors: ReadonlyMap<string, StoredTensor>,
): CompletionModel {
  const weights = new Map(
    [...tensors].map(([name, tensor]) => [name, { shape: tensor.shape, data: loadFloats(tensor) }]),
  );
  const model = new Wavenet(weights);
  const context = new Uint8Array(contextLength);
  const push = (tokenId: number) => {
    context.copyWithin(0, 1);
    context[contextLength - 1] = tokenId;
  };
  return {
    vocabulary,
    startTokenId: 0,
    stopTokenId: 0,
    start(tokenIds) {
      context.fill(0);
      for (const tokenId of tokenIds.slice(-contextLength)) push(tokenId);
      return { logits: model.logits(context) };
    },
    next(tokenId) {
      push(tokenId);
      return { logits: model.logits(context) };
    },
    views: {
      weights: () => weightsReport(tensors),
      similarity: () =>
        similarityReport(
          'Likeness of the letters’ vectors',
          vocabulary,
          weights.get('embedding.weight')!.data,
        ),
      topology: () =>
        chainReport(
          'wavenet',
          [
            { label: 'context', shape: `${contextLength}` },
            { label: 'embedding', shape: `${contextLength} × ${nEmbd}`, holds: ['embedding.'] },
            ...[1, 2, 3].map((level) => ({
              label: `level ${level}: join pairs, linear, batch norm, tanh`,
              shape: `${contextLength / 2 ** level} × ${nHidden}`,
              holds: [`levels.${level - 1}.`],
            })),
            { label: 'linear: logits', shape: `${vocabSize}`, holds: ['head.'] },
          ],
          parameterShapes,
        ),
    },
  };
}
