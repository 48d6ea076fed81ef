/** What the engines of the transformers trained here share: decoding, and the views into the model. */
import { AppError } from '../../errors.ts';
import type { ModelFile } from '../../formats/model-file.ts';
import type { StoredTensor } from '../../formats/safetensors.ts';
import { loadTensorFlow } from '../../tensor/index.ts';
import type { ParameterShapes, Parameters } from '../../tensor/ops/parameters.ts';
import type { Handle } from '../../tensor/ops/runtime.ts';
import { type Node, Tape } from '../../tensor/ops/tape.ts';
import type { Pass, TransformerConfig, Watch } from '../../tensor/ops/transformer.ts';
import type { EngineFactory, InspectReport } from '../engine.ts';
import { CharTokenizer } from './char-tokenizer.ts';
import type { Batch, CompletionModel } from './completion-engine.ts';
import { completionFactory, floatsOfShape, tokensOf } from './completion-factory.ts';
import { Decoder } from './decoder.ts';
import { similarityReport, weightsReport } from './inspect.ts';
import { probabilitiesOf } from './sampling.ts';

export interface TransformerEngine {
  /** Engine id as in the registry. */
  readonly id: string;
  shapes(config: TransformerConfig): ParameterShapes;
  forward(tape: Tape, parameters: Parameters, config: TransformerConfig, tokens: Handle, pass?: Pass): Node;
  /** Last norm and head: stream (N, C) → logits (N, V). */
  head(tape: Tape, parameters: Parameters, stream: Node): Node;
  /** Name of the token embedding (V, C). */
  readonly embedding: string;
  topology(config: TransformerConfig): InspectReport;
}

/** The factory of a transformer's engine. */
export function transformerFactory(engine: TransformerEngine): EngineFactory {
  return completionFactory({
    id: engine.id,
    capabilities: ['fine-tune'],
    async build(file, tensors) {
      const { tf } = await loadTensorFlow();
      const config = configOf(file);
      const shapes = engine.shapes(config);
      const weights = new Map(
        [...shapes].map(([name, shape]) => [name, { shape, data: floatsOfShape(tensors, name, shape) }]),
      );
      const decoder = new Decoder(tf, {
        shapes,
        weights,
        contextLength: config.contextLength,
        forward: (tape, parameters, tokens, cache) =>
          engine.forward(tape, parameters, config, tokens, { cache }),
      });
      return {
        ...tokensOf(file),
        start: (tokenIds) => ({ logits: decoder.start([tokenIds]) }),
        next: (tokenId) => ({ logits: decoder.next([tokenId]) }),
        batch: batchOf(decoder, file.vocabulary.length),
        get cachedTokens() {
          return decoder.cachedTokens;
        },
        views: viewsOf(engine, config, file, tensors, decoder),
        dispose: () => decoder[Symbol.dispose](),
      };
    },
  });
}

/** Keys and values of one text at full length take 5 MB in the shipped models. */
const mostTogether = 32;

function batchOf(decoder: Decoder, vocabSize: number): Batch {
  const apart = (logits: Float32Array) =>
    Array.from({ length: logits.length / vocabSize }, (_, row) => ({
      logits: logits.subarray(row * vocabSize, (row + 1) * vocabSize),
    }));
  return {
    most: mostTogether,
    start(tokenIds, count) {
      // The prompt is read once, whatever the number of texts.
      const [prediction] = apart(decoder.start([tokenIds]));
      decoder.choose(new Array<number>(count).fill(0));
      return new Array(count).fill(prediction);
    },
    next(rows) {
      decoder.choose(rows.map(({ row }) => row));
      return apart(decoder.next(rows.map(({ tokenId }) => tokenId)));
    },
  };
}

function viewsOf(
  engine: TransformerEngine,
  config: TransformerConfig,
  file: ModelFile,
  tensors: ReadonlyMap<string, StoredTensor>,
  decoder: Decoder,
): NonNullable<CompletionModel['views']> {
  const { e, parameters } = decoder;
  const { vocabulary, startTokenId = 0 } = file;
  const tokenizer = new CharTokenizer(vocabulary);
  const show = (tokenId: number) => vocabulary[tokenId]!;
  /** The last tokens of a text, as many as the context takes; a text without any is the start token. */
  const read = (text: string) => {
    const tokenIds = tokenizer.encode(text).slice(-config.contextLength);
    return tokenIds.length > 0 ? tokenIds : [startTokenId];
  };
  /** One pass over a text, without a cache. */
  const pass = (tokenIds: readonly number[], watch: (tape: Tape) => Watch) =>
    e.scope(() => {
      const tape = new Tape(e, { dtype: 'float32' });
      const tokens = e.tensor(Int32Array.from(tokenIds), [1, tokenIds.length]);
      engine.forward(tape, parameters, config, tokens, { watch: watch(tape) });
    });

  return {
    weights: () => weightsReport(tensors),
    topology: () => engine.topology(config),
    similarity: () =>
      similarityReport(
        'Likeness of the tokens’ vectors',
        vocabulary,
        e.read(parameters.get(engine.embedding).value),
      ),
    attention: ({ prompt, layer, head }) => {
      checkIndex('layer', layer, config.nLayer);
      checkIndex('head', head, config.nHead);
      const tokenIds = read(prompt);
      const length = tokenIds.length;
      let values = new Float32Array();
      pass(tokenIds, () => ({
        attention: (at, p) => {
          if (at === layer) values = e.read(e.slice(p, [0, head, 0, 0], [1, 1, length, length]));
        },
      }));
      const labels = tokenIds.map(show);
      const title = `Attention of layer ${layer}, head ${head}: from each token (row) to those before it`;
      return { type: 'matrix', title, rowLabels: labels, columnLabels: labels, values };
    },
    'logit-lens': ({ prompt }) => {
      const tokenIds = read(prompt);
      const rows = config.nLayer + 1;
      const values = new Float32Array(rows * tokenIds.length);
      const cellLabels: string[] = [];
      pass(tokenIds, (tape) => ({
        stream: (layer, stream) => {
          const logits = e.read(engine.head(tape, parameters, stream).value); // (T, V)
          for (let t = 0; t < tokenIds.length; t++) {
            const cell = (layer + 1) * tokenIds.length + t;
            const at = logits.subarray(t * vocabulary.length, (t + 1) * vocabulary.length);
            const probabilities = probabilitiesOf({ logits: at });
            const best = probabilities.indexOf(Math.max(...probabilities));
            values[cell] = probabilities[best]!;
            cellLabels[cell] = show(best);
          }
        },
      }));
      return {
        type: 'matrix',
        title: 'What each layer (row) would say next, and how surely',
        rowLabels: Array.from({ length: rows }, (_, row) => (row === 0 ? 'embedding' : `layer ${row - 1}`)),
        columnLabels: tokenIds.map(show),
        values,
        cellLabels,
      };
    },
  };
}

function configOf({ architecture, vocabulary, contextLength }: ModelFile): TransformerConfig {
  const part = (name: string) => {
    const value = architecture[name];
    if (value !== undefined && Number.isInteger(value) && value > 0) return value;
    throw new AppError('FILE_INVALID', `model.json: architecture.${name} is ${value}, not a whole number.`);
  };
  return {
    vocabSize: vocabulary.length,
    contextLength,
    nLayer: part('nLayer'),
    nHead: part('nHead'),
    nEmbd: part('nEmbd'),
    nFf: part('nFf'),
  };
}

function checkIndex(name: string, value: number, count: number): void {
  if (Number.isInteger(value) && value >= 0 && value < count) return;
  throw new AppError('INVALID_SETTING', `${name} must be from 0 to ${count - 1}, not ${value}.`);
}
