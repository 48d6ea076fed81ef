/**
 * A GPT over characters: the decoder of "Attention is all you need", norm first, as in Karpathy's lecture
 * "Let's build GPT" and nanoGPT, at the lecture's exact size (10,788,929 parameters with 65 characters).
 *
 *   babble train gpt
 *
 * Sources: Vaswani et al. (2017); Radford et al. (2019); the lecture's architecture: q, k, v without bias, ReLU.
 */
import { relu } from '../../tensor/ops/activations.ts';
import { attention, splitHeads } from '../../tensor/ops/attention.ts';
import { residual } from '../../tensor/ops/dropout.ts';
import { addPositions, embedding } from '../../tensor/ops/embedding.ts';
import { linear } from '../../tensor/ops/linear.ts';
import { layerNorm } from '../../tensor/ops/norms.ts';
import type { ParameterShapes, Parameters } from '../../tensor/ops/parameters.ts';
import type { Handle } from '../../tensor/ops/runtime.ts';
import type { Node, Tape } from '../../tensor/ops/tape.ts';
import type { Pass, TransformerConfig } from '../../tensor/ops/transformer.ts';

/** The seed's size; the vocabulary comes from the text. */
export const gptSize = { contextLength: 256, nLayer: 6, nHead: 6, nEmbd: 384, nFf: 1536 } as const;

/** Every parameter's shape; matrices are (out, in), as in PyTorch. */
export function gptShapes(config: TransformerConfig): ParameterShapes {
  const { vocabSize, contextLength, nLayer, nEmbd, nFf } = config;
  const blocks = Array.from({ length: nLayer }, (_, layer): [string, readonly number[]][] => [
    [`blocks.${layer}.norm1.weight`, [nEmbd]],
    [`blocks.${layer}.norm1.bias`, [nEmbd]],
    [`blocks.${layer}.attention.qkv.weight`, [3 * nEmbd, nEmbd]],
    [`blocks.${layer}.attention.project.weight`, [nEmbd, nEmbd]],
    [`blocks.${layer}.attention.project.bias`, [nEmbd]],
    [`blocks.${layer}.norm2.weight`, [nEmbd]],
    [`blocks.${layer}.norm2.bias`, [nEmbd]],
    [`blocks.${layer}.feedForward.expand.weight`, [nFf, nEmbd]],
    [`blocks.${layer}.feedForward.expand.bias`, [nFf]],
    [`blocks.${layer}.feedForward.project.weight`, [nEmbd, nFf]],
    [`blocks.${layer}.feedForward.project.bias`, [nEmbd]],
  ]);
  return new Map([
    ['tokens.weight', [vocabSize, nEmbd]],
    ['positions.weight', [contextLength, nEmbd]],
    ...blocks.flat(),
    ['norm.weight', [nEmbd]],
    ['norm.bias', [nEmbd]],
    ['head.weight', [vocabSize, nEmbd]],
    ['head.bias', [vocabSize]],
  ]);
}

/** Tokens (B, T) int32 → logits (B·T, V) float32. */
export function gptForward(
  tape: Tape,
  parameters: Parameters,
  { nLayer, nHead }: TransformerConfig,
  tokens: Handle,
  { drop = { residual: 0, attention: 0 }, cache, watch }: Pass = {},
): Node {
  const [batch, length] = tokens.shape as [number, number];
  const shape = { batch, length, nHead };
  const p = (name: string) => parameters.get(name);

  let x = embedding(tape, p('tokens.weight'), tape.e.reshape(tokens, [batch * length])); // (B·T, C)
  x = addPositions(tape, x, p('positions.weight'), length, cache?.start);
  watch?.stream?.(-1, x);
  for (let layer = 0; layer < nLayer; layer++) {
    const b = (name: string) => p(`blocks.${layer}.${name}`);
    const h1 = layerNorm(tape, x, b('norm1.weight'), b('norm1.bias')); // (B·T, C)
    const qkv = splitHeads(tape, linear(tape, h1, b('attention.qkv.weight')), 3, shape); // 3 × (B, H, T, D)
    const mixed = cache
      ? cache.attend(tape, layer, qkv, shape) // (B·T, C)
      : attention(tape, qkv, shape, drop.attention, (p) => watch?.attention?.(layer, p));
    const attended = linear(tape, mixed, b('attention.project.weight'), b('attention.project.bias'));
    x = residual(tape, x, attended, drop.residual);
    const h2 = layerNorm(tape, x, b('norm2.weight'), b('norm2.bias'));
    const wide = relu(tape, linear(tape, h2, b('feedForward.expand.weight'), b('feedForward.expand.bias'))); // (B·T, F)
    const narrow = linear(tape, wide, b('feedForward.project.weight'), b('feedForward.project.bias'));
    x = residual(tape, x, narrow, drop.residual);
    watch?.stream?.(layer, x);
  }
  cache?.advance(length);
  return gptHead(tape, parameters, x);
}

/** The last norm and the head: stream (N, C) → logits (N, V) float32. */
export function gptHead(tape: Tape, parameters: Parameters, x: Node): Node {
  const h = layerNorm(tape, x, parameters.get('norm.weight'), parameters.get('norm.bias'));
  return linear(tape, h, parameters.get('head.weight'), parameters.get('head.bias'), 'float32');
}
