/**
 * LLaMA, small: RMSNorm, rotary positions, SwiGLU, no biases, over characters. About 10.6 million parameters.
 * Exactly the architecture that llama.cpp calls `llama`, so the weights run there with the same logits.
 *
 *   babble train tiny-llama
 *
 * Source: Touvron et al., "LLaMA: open and efficient foundation language models" (2023). Parameters have the
 * names and shapes of Hugging Face's checkpoints. One difference: rotary positions turn neighbouring pairs
 * (2i, 2i + 1), as Meta's own code and llama.cpp do, so q and k need no permutation on the way to GGUF.
 */
import { swiglu } from '../../tensor/ops/activations.ts';
import { attention, splitHeads } from '../../tensor/ops/attention.ts';
import { residual } from '../../tensor/ops/dropout.ts';
import { embedding } from '../../tensor/ops/embedding.ts';
import { linear } from '../../tensor/ops/linear.ts';
import { rmsNorm } from '../../tensor/ops/norms.ts';
import type { ParameterShapes, Parameters } from '../../tensor/ops/parameters.ts';
import { rotary } from '../../tensor/ops/rotary.ts';
import type { Handle } from '../../tensor/ops/runtime.ts';
import type { Node, Tape } from '../../tensor/ops/tape.ts';
import type { Pass, TransformerConfig } from '../../tensor/ops/transformer.ts';

/** nFf is 8/3 of nEmbd, as in the paper: SwiGLU's three matrices then cost what two of 4 × would. */
export const llamaSize = { contextLength: 256, nLayer: 6, nHead: 6, nEmbd: 384, nFf: 1024 } as const;

/** Under the root in RMSNorm; `llama.attention.layer_norm_rms_epsilon` in GGUF. */
const rmsEpsilon = 1e-5;

/** Base of the rotary frequencies; `llama.rope.freq_base` in GGUF. */
const ropeBase = 10_000;

/** Every parameter's shape; matrices are (out, in). The head is a matrix of its own (untied). */
export function llamaShapes({ vocabSize, nLayer, nEmbd, nFf }: TransformerConfig): ParameterShapes {
  const layers = Array.from({ length: nLayer }, (_, layer): [string, readonly number[]][] => [
    [`model.layers.${layer}.input_layernorm.weight`, [nEmbd]],
    [`model.layers.${layer}.self_attn.q_proj.weight`, [nEmbd, nEmbd]],
    [`model.layers.${layer}.self_attn.k_proj.weight`, [nEmbd, nEmbd]],
    [`model.layers.${layer}.self_attn.v_proj.weight`, [nEmbd, nEmbd]],
    [`model.layers.${layer}.self_attn.o_proj.weight`, [nEmbd, nEmbd]],
    [`model.layers.${layer}.post_attention_layernorm.weight`, [nEmbd]],
    [`model.layers.${layer}.mlp.gate_proj.weight`, [nFf, nEmbd]],
    [`model.layers.${layer}.mlp.up_proj.weight`, [nFf, nEmbd]],
    [`model.layers.${layer}.mlp.down_proj.weight`, [nEmbd, nFf]],
  ]);
  return new Map([
    ['model.embed_tokens.weight', [vocabSize, nEmbd]],
    ...layers.flat(),
    ['model.norm.weight', [nEmbd]],
    ['lm_head.weight', [vocabSize, nEmbd]],
  ]);
}

/** Tokens (B, T) int32 → logits (B·T, V) float32. */
export function llamaForward(
  tape: Tape,
  parameters: Parameters,
  { nLayer, nHead }: TransformerConfig,
  tokens: Handle,
  { drop = { residual: 0, attention: 0 }, cache, watch }: Pass = {},
): Node {
  const [batch, length] = tokens.shape as [number, number];
  const shape = { batch, length, nHead };
  const heads = (x: Node) => splitHeads(tape, x, 1, shape)[0]!; // (B·T, C) → (B, H, T, D)
  const turn = (x: Node) => rotary(tape, x, ropeBase, cache?.start);

  const flat = tape.e.reshape(tokens, [batch * length]);
  let x = embedding(tape, parameters.get('model.embed_tokens.weight'), flat); // (B·T, C)
  watch?.stream?.(-1, x);
  for (let layer = 0; layer < nLayer; layer++) {
    const w = (name: string) => parameters.get(`model.layers.${layer}.${name}.weight`);
    const h1 = rmsNorm(tape, x, w('input_layernorm'), rmsEpsilon); // (B·T, C)
    const q = turn(heads(linear(tape, h1, w('self_attn.q_proj')))); // (B, H, T, D)
    const k = turn(heads(linear(tape, h1, w('self_attn.k_proj'))));
    const v = heads(linear(tape, h1, w('self_attn.v_proj')));
    const mixed = cache
      ? cache.attend(tape, layer, [q, k, v], shape) // (B·T, C)
      : attention(tape, [q, k, v], shape, drop.attention, (p) => watch?.attention?.(layer, p));
    x = residual(tape, x, linear(tape, mixed, w('self_attn.o_proj')), drop.residual);
    const h2 = rmsNorm(tape, x, w('post_attention_layernorm'), rmsEpsilon);
    const gated = swiglu(tape, linear(tape, h2, w('mlp.gate_proj')), linear(tape, h2, w('mlp.up_proj'))); // (B·T, F)
    x = residual(tape, x, linear(tape, gated, w('mlp.down_proj')), drop.residual);
    watch?.stream?.(layer, x);
  }
  cache?.advance(length);
  return llamaHead(tape, parameters, x);
}

/** The last norm and the head: stream (N, C) → logits (N, V) float32. */
export function llamaHead(tape: Tape, parameters: Parameters, x: Node): Node {
  const h = rmsNorm(tape, x, parameters.get('model.norm.weight'), rmsEpsilon);
  return linear(tape, h, parameters.get('lm_head.weight'), undefined, 'float32');
}
