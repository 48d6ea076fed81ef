/** tiny-llama as an engine, in TensorFlow; its GGUF runs in the engine `llama`, with the same logits. */
import { chainReport } from '../shared/inspect.ts';
import { transformerFactory } from '../shared/transformer-engine.ts';
import { llamaForward, llamaHead, llamaShapes } from './model.ts';

export const factory = transformerFactory({
  id: 'tiny-llama',
  shapes: llamaShapes,
  forward: llamaForward,
  head: llamaHead,
  embedding: 'model.embed_tokens.weight',
  topology: ({ vocabSize, contextLength, nLayer, nHead, nEmbd, nFf }) =>
    chainReport('LLaMA', [
      { label: 'tokens', shape: `(T ≤ ${contextLength})` },
      { label: 'token embedding', shape: `(T, ${nEmbd})` },
      ...Array.from({ length: nLayer }, (_, layer) => [
        {
          label: `layer ${layer}: RMSNorm, ${nHead} heads with rotary positions, add`,
          shape: `(T, ${nEmbd})`,
        },
        { label: `layer ${layer}: RMSNorm, SwiGLU through ${nFf}, add`, shape: `(T, ${nEmbd})` },
      ]).flat(),
      { label: 'RMSNorm', shape: `(T, ${nEmbd})` },
      { label: 'head', shape: `(T, ${vocabSize})` },
    ]),
});
