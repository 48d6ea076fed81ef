/** Writes a LLaMA trained here as a GGUF file that llama.cpp runs with the same logits. */
import type { ModelDescription } from '../model-file.ts';
import { loadFloats, type StoredTensor } from '../safetensors.ts';
import { type Quantization, quantize } from './quantize.ts';
import { type GgufValue, ggmlType } from './types.ts';
import { type GgufTensor, writeGguf } from './write.ts';

const rmsEpsilon = 1e-5;
const ropeBase = 10_000;

/** `general.file_type` of llama.cpp. */
const fileTypes: Readonly<Record<Quantization, number>> = { f32: 0, f16: 1, q4_0: 2, q8_0: 7 };

/**
 * @param description model.json of a LLaMA over characters; `architecture` has nLayer, nHead, nEmbd, nFf
 * @param tensors by their Hugging Face names; q and k turn neighbouring pairs, as GGUF has it
 * @param quantization of the matrices; norms stay 32-bit floats
 * @returns the file's size in bytes
 */
export function writeLlamaFile(
  path: string,
  description: ModelDescription,
  tensors: ReadonlyMap<string, StoredTensor>,
  quantization: Quantization,
): Promise<number> {
  const matrices = [...tensors].map(([name, stored]) => ggufTensor(name, stored, quantization));
  return writeGguf(path, metadataOf(description, quantization), matrices);
}

function ggufTensor(name: string, stored: StoredTensor, quantization: Quantization): GgufTensor {
  const type = stored.shape.length > 1 ? quantization : 'f32';
  return {
    name: ggufName(name),
    shape: stored.shape.toReversed(), // (out, in) row-major is ggml's (in, out)
    type: ggmlType(type),
    data: () => [quantize(loadFloats(stored), type)],
  };
}

const names: Readonly<Record<string, string>> = {
  'model.embed_tokens.weight': 'token_embd.weight',
  'model.norm.weight': 'output_norm.weight',
  'lm_head.weight': 'output.weight',
  input_layernorm: 'attn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  post_attention_layernorm: 'ffn_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};

/** `model.layers.3.self_attn.q_proj.weight` → `blk.3.attn_q.weight` */
function ggufName(name: string): string {
  const [, layer, part = ''] = /^model\.layers\.(\d+)\.(.+)\.weight$/.exec(name) ?? [];
  const found = layer === undefined ? names[name] : names[part];
  if (found === undefined) throw new Error(`a LLaMA has no tensor ${name}`);
  return layer === undefined ? found : `blk.${layer}.${found}.weight`;
}

function metadataOf(model: ModelDescription, quantization: Quantization): Map<string, GgufValue> {
  const size = (name: string): GgufValue => {
    const value = model.architecture[name];
    if (value === undefined) throw new Error(`${model.id} has no ${name} in its architecture`);
    return uint32(value);
  };
  const { vocabulary } = model;
  return new Map<string, GgufValue>([
    ['general.architecture', string('llama')],
    ['general.type', string('model')],
    ['general.name', string(model.id)],
    ['general.description', string(model.description)],
    ['general.license', string(model.license)],
    ['general.file_type', uint32(fileTypes[quantization])],
    ['general.quantization_version', uint32(2)],
    ['llama.context_length', uint32(model.contextLength)],
    ['llama.block_count', size('nLayer')],
    ['llama.embedding_length', size('nEmbd')],
    ['llama.feed_forward_length', size('nFf')],
    ['llama.attention.head_count', size('nHead')],
    ['llama.attention.head_count_kv', size('nHead')],
    ['llama.attention.layer_norm_rms_epsilon', { type: 'float32', value: rmsEpsilon }],
    ['llama.rope.freq_base', { type: 'float32', value: ropeBase }],
    ['llama.vocab_size', uint32(vocabulary.length)],
    // Of llama.cpp's tokenizers this one (longest match) is the only one without special tokens of its
    // own: with the others some character would end the text.
    ['tokenizer.ggml.model', string('rwkv')],
    ['tokenizer.ggml.tokens', { type: 'array', of: 'string', value: vocabulary.map(escapeToken) }],
    [
      'tokenizer.ggml.token_type',
      { type: 'array', of: 'int32', value: new Int32Array(vocabulary.length).fill(1) },
    ],
    // llama.cpp looks this up for characters that are missing, and aborts where there is none.
    ['tokenizer.ggml.unknown_token_id', uint32(0)],
    ['tokenizer.ggml.add_bos_token', { type: 'bool', value: false }],
  ]);
}

/** The tokenizer reads backslashes as escapes. */
const escapeToken = (text: string) => text.replaceAll('\\', '\\\\');

const string = (value: string): GgufValue => ({ type: 'string', value });
const uint32 = (value: number): GgufValue => ({ type: 'uint32', value });
