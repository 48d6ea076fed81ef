import type { EngineFactory } from '../engine.ts';
import { completionFactory, floatsOfShape, tokensOf } from '../shared/completion-factory.ts';
import { chainReport, type InspectViews, similarityReport, weightsReport } from '../shared/inspect.ts';
import { probabilitiesOf } from '../shared/sampling.ts';
import { configOf, type MlpConfig, type MlpWeights, mlpCompletion, mlpLogits, mlpShapes } from './model.ts';

export const factory: EngineFactory = completionFactory({
  id: 'mlp',
  build: (file, tensors) => {
    const config = configOf(file);
    const entries = Object.entries(mlpShapes(config)).map(([name, shape]) => [
      name,
      floatsOfShape(tensors, name, shape),
    ]);
    const weights = Object.fromEntries(entries) as MlpWeights;
    const model = mlpCompletion(tokensOf(file), config, weights);
    const views = { ...viewsOf(file.vocabulary, config, weights), weights: () => weightsReport(tensors) };
    return { ...model, views };
  },
});

function viewsOf(vocabulary: readonly string[], config: MlpConfig, weights: MlpWeights): InspectViews {
  const { vocabSize, contextLength, nEmbd, nHidden } = config;
  return {
    heatmap: () => {
      const values = new Float32Array(vocabSize ** 2);
      for (let tokenId = 0; tokenId < vocabSize; tokenId++) {
        const context = new Int32Array(contextLength);
        context[contextLength - 1] = tokenId;
        const probabilities = probabilitiesOf({ logits: mlpLogits(config, weights, context) });
        values.set(probabilities, tokenId * vocabSize);
      }
      return {
        type: 'matrix',
        title: 'Probability of the next token (column) after a text of one token (row)',
        rowLabels: vocabulary,
        columnLabels: vocabulary,
        values,
      };
    },
    similarity: () => similarityReport('Tokens with alike vectors (cosine)', vocabulary, weights.embedding),
    topology: () =>
      chainReport(
        'MLP',
        [
          { label: 'last tokens', shape: `(${contextLength})` },
          { label: 'embedding', shape: `(${contextLength}, ${nEmbd})`, holds: ['embedding'] },
          { label: 'side by side', shape: `(${contextLength * nEmbd})` },
          { label: 'linear, tanh', shape: `(${nHidden})`, holds: ['hidden'] },
          { label: 'linear', shape: `(${vocabSize})`, holds: ['head'] },
          { label: 'probabilities', shape: `(${vocabSize})` },
        ],
        Object.entries(mlpShapes(config)),
      ),
  };
}
