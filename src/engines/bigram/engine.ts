import type { StoredTensor } from '../../formats/safetensors.ts';
import type { EngineFactory } from '../engine.ts';
import { completionFactory, floatsOfShape, tokensOf } from '../shared/completion-factory.ts';
import { chainReport, type InspectViews, similarityReport, weightsReport } from '../shared/inspect.ts';
import { bigramModel, countsToProbabilities, softmaxRows, type Table } from './model.ts';

export const bigramCount: EngineFactory = completionFactory({
  id: 'bigram-count',
  build: (file, weights) => {
    const { vocabulary } = file;
    const counts = tableOf(weights, 'counts', vocabulary.length);
    const probabilities = countsToProbabilities(counts, vocabulary.length);
    const cellLabels = Array.from(counts, String);
    const views = viewsOf({ vocabulary, weights, probabilities, cellLabels, source: 'counts' });
    return { ...bigramModel(tokensOf(file), probabilities), views };
  },
});

export const bigramGrad: EngineFactory = completionFactory({
  id: 'bigram-grad',
  build: (file, weights) => {
    const { vocabulary } = file;
    const logits = tableOf(weights, 'weight', vocabulary.length);
    const probabilities = softmaxRows(logits, vocabulary.length);
    const cellLabels = Array.from(probabilities, (probability) => probability.toFixed(3));
    const views = viewsOf({ vocabulary, weights, probabilities, cellLabels, source: 'logits' });
    return { ...bigramModel(tokensOf(file), probabilities), views };
  },
});

function viewsOf(model: {
  readonly vocabulary: readonly string[];
  readonly weights: ReadonlyMap<string, StoredTensor>;
  readonly probabilities: Table;
  /** What to write into the heat map's cells. */
  readonly cellLabels: readonly string[];
  /** What the table holds. */
  readonly source: string;
}): InspectViews {
  const { vocabulary, weights, probabilities, cellLabels, source } = model;
  const size = vocabulary.length;
  return {
    heatmap: () => ({
      type: 'matrix',
      title: 'Probability of the next token (column) after a token (row)',
      rowLabels: vocabulary,
      columnLabels: vocabulary,
      values: probabilities,
      cellLabels,
    }),
    similarity: () =>
      similarityReport('Tokens that are followed by the same (cosine of rows)', vocabulary, probabilities),
    weights: () => weightsReport(weights),
    topology: () =>
      chainReport(
        'Bigram',
        [
          { label: 'token before', shape: '(1)' },
          { label: `its row of ${source}`, shape: `(${size}, ${size})`, holds: [''] },
          { label: 'probabilities', shape: `(${size})` },
        ],
        [['table', [size, size]]],
      ),
  };
}

function tableOf(weights: ReadonlyMap<string, StoredTensor>, name: string, vocabSize: number): Table {
  return floatsOfShape(weights, name, [vocabSize, vocabSize]);
}
