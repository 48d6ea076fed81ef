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
  topology: (config) => {
    const { vocabSize, contextLength, nLayer, nHead, nEmbd, nFf } = config;
    return chainReport(
      'GPT',
      [
        { label: 'tokens', shape: `(T ≤ ${contextLength})` },
        { label: 'token + position embedding', shape: `(T, ${nEmbd})`, holds: ['tokens.', 'positions.'] },
        ...Array.from({ length: nLayer }, (_, layer) => [
          {
            label: `block ${layer}: norm, ${nHead} heads, add`,
            shape: `(T, ${nEmbd})`,
            holds: [`blocks.${layer}.norm1`, `blocks.${layer}.attention`],
          },
          {
            label: `block ${layer}: norm, linear to ${nFf}, ReLU, linear, add`,
            shape: `(T, ${nEmbd})`,
            holds: [`blocks.${layer}.norm2`, `blocks.${layer}.feedForward`],
          },
        ]).flat(),
        { label: 'norm', shape: `(T, ${nEmbd})`, holds: ['norm.'] },
        { label: 'head', shape: `(T, ${vocabSize})`, holds: ['head.'] },
      ],
      gptShapes(config),
    );
  },
});
