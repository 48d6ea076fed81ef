/** gpt as an engine: text in Shakespeare's manner, character by character, through a KV cache. */
import { chainReport } from '../shared/inspect.ts';
import { transformerFactory } from '../shared/transformer-engine.ts';
import { gptForward, gptHead, gptShapes } from './model.ts';

export const factory = transformerFactory({
  id: 'gpt',
  shapes: gptShapes,
  forward: gptForward,
  head: gptHead,
  embedding: 'tokens.weight',
  topology: ({ vocabSize, contextLength, nLayer, nHead, nEmbd, nFf }) =>
    chainReport('GPT', [
      { label: 'tokens', shape: `(T ≤ ${contextLength})` },
      { label: 'token + position embedding', shape: `(T, ${nEmbd})` },
      ...Array.from({ length: nLayer }, (_, layer) => [
        { label: `block ${layer}: norm, ${nHead} heads, add`, shape: `(T, ${nEmbd})` },
        { label: `block ${layer}: norm, linear to ${nFf}, ReLU, linear, add`, shape: `(T, ${nEmbd})` },
      ]).flat(),
      { label: 'norm', shape: `(T, ${nEmbd})` },
      { label: 'head', shape: `(T, ${vocabSize})` },
    ]),
});
