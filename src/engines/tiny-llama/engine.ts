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
  topology: (config) => {
    const { vocabSize, contextLength, nLayer, nHead, nEmbd, nFf } = config;
    return chainReport(
      'LLaMA',
      [
        { label: 'tokens', shape: `(T ≤ ${contextLength})` },
        { label: 'token embedding', shape: `(T, ${nEmbd})`, holds: ['model.embed_tokens.'] },
        ...Array.from({ length: nLayer }, (_, layer) => [
          {
            label: `layer ${layer}: RMSNorm, ${nHead} heads with rotary positions, add`,
            shape: `(T, ${nEmbd})`,
            holds: [`model.layers.${layer}.input_layernorm`, `model.layers.${layer}.self_attn`],
          },
          {
            label: `layer ${layer}: RMSNorm, SwiGLU through ${nFf}, add`,
            shape: `(T, ${nEmbd})`,
            holds: [`model.layers.${layer}.post_attention_layernorm`, `model.layers.${layer}.mlp`],
          },
        ]).flat(),
        { label: 'RMSNorm', shape: `(T, ${nEmbd})`, holds: ['model.norm.'] },
        { label: 'head', shape: `(T, ${vocabSize})`, holds: ['lm_head.'] },
      ],
      llamaShapes(config),
    );
  },
});
