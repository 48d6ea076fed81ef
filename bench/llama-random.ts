/**
 * LLaMA files of known shapes with random weights, written by the project's own writer: what no machine
 * needs to download to measure how fast a model of that size runs.
 */
import { randomBytes } from 'node:crypto';
import { type GgmlType, type GgufValue, ggmlType, tensorBytes } from '../src/formats/gguf/types.ts';
import { type GgufTensor, writeGguf } from '../src/formats/gguf/write.ts';

interface Shape {
  readonly nLayer: number;
  readonly nEmbd: number;
  readonly nFf: number;
  readonly nHead: number;
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly type: 'q4_0' | 'tq1_0';
}

const common = { vocabSize: 32_000, contextLength: 2048 };
const shapes = {
  /** TinyLlama's, with a key and value head for each query head. */
  '1b': { ...common, nLayer: 22, nEmbd: 2048, nFf: 5632, nHead: 32, type: 'q4_0' },
  /** OpenLLaMA 3B's. */
  '3b': { ...common, nLayer: 26, nEmbd: 3200, nFf: 8640, nHead: 32, type: 'q4_0' },
  '65b': { ...common, nLayer: 80, nEmbd: 8192, nFf: 22_016, nHead: 64, type: 'tq1_0' },
} as const satisfies Record<string, Shape>;

/** Writes a LLaMA of the named shape. @returns bytes written */
export function writeRandomLlama(file: string, name: keyof typeof shapes): Promise<number> {
  const shape = shapes[name];
  return writeGguf(file, metadata(name.toUpperCase(), shape), tensors(shape));
}

function tensors({ nLayer, nEmbd, nFf, vocabSize, type }: Shape): GgufTensor[] {
  const norm = (name: string) => ones(name, nEmbd);
  const blocks = randomBlocks(type);
  const matrix = (name: string, size: readonly number[]) => random(name, size, ggmlType(type), blocks);
  const layers = Array.from({ length: nLayer }, (_, layer) => [
    norm(`blk.${layer}.attn_norm.weight`),
    ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].map((name) =>
      matrix(`blk.${layer}.${name}.weight`, [nEmbd, nEmbd]),
    ),
    norm(`blk.${layer}.ffn_norm.weight`),
    matrix(`blk.${layer}.ffn_gate.weight`, [nEmbd, nFf]),
    matrix(`blk.${layer}.ffn_up.weight`, [nEmbd, nFf]),
    matrix(`blk.${layer}.ffn_down.weight`, [nFf, nEmbd]),
  ]);
  const head = matrix('output.weight', [nEmbd, vocabSize]);
  return [
    matrix('token_embd.weight', [nEmbd, vocabSize]),
    ...layers.flat(),
    norm('output_norm.weight'),
    head,
  ];
}

function ones(name: string, size: number): GgufTensor {
  const values = new Float32Array(size).fill(1);
  return { name, shape: [size], type: ggmlType('f32'), data: () => [new Uint8Array(values.buffer)] };
}

/** Random digits with a small scale, so that nothing overflows. */
function random(name: string, size: readonly number[], type: GgmlType, blocks: Buffer): GgufTensor {
  return {
    name,
    shape: size,
    type,
    *data() {
      let left = tensorBytes(type, size);
      while (left > 0) {
        const part = blocks.subarray(0, Math.min(left, blocks.length));
        left -= part.length;
        yield part;
      }
    },
  };
}

/** 64 k blocks: random digits, and the scale as f16 where the type keeps it. */
function randomBlocks(typeName: Shape['type']): Buffer {
  const { bytes, scaleAt } = { tq1_0: { bytes: 54, scaleAt: 52 }, q4_0: { bytes: 18, scaleAt: 0 } }[typeName];
  const count = 1 << 16;
  const blocks = randomBytes(bytes * count);
  const scale = new DataView(new ArrayBuffer(2));
  scale.setFloat16(0, 0.02, true);
  for (let block = 0; block < count; block++) {
    blocks.writeUInt16LE(scale.getUint16(0, true), bytes * block + scaleAt);
  }
  return blocks;
}

function metadata(name: string, shape: Shape): Map<string, GgufValue> {
  const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`);
  const words = Array.from({ length: shape.vocabSize - 259 }, (_, i) => `▁w${i}`);
  const types = new Int32Array(shape.vocabSize).fill(1);
  types.set([2, 3, 3]);
  types.fill(6, 3, 259);
  const uint32 = (value: number): GgufValue => ({ type: 'uint32', value });
  const string = (value: string): GgufValue => ({ type: 'string', value });
  return new Map<string, GgufValue>([
    ['general.architecture', string('llama')],
    ['general.name', string(`LLaMA ${name}, random weights`)],
    ['llama.context_length', uint32(shape.contextLength)],
    ['llama.block_count', uint32(shape.nLayer)],
    ['llama.embedding_length', uint32(shape.nEmbd)],
    ['llama.feed_forward_length', uint32(shape.nFf)],
    ['llama.attention.head_count', uint32(shape.nHead)],
    ['llama.attention.layer_norm_rms_epsilon', { type: 'float32', value: 1e-5 }],
    ['tokenizer.ggml.model', string('llama')],
    [
      'tokenizer.ggml.tokens',
      { type: 'array', of: 'string', value: ['<unk>', '<s>', '</s>', ...bytes, ...words] },
    ],
    ['tokenizer.ggml.scores', { type: 'array', of: 'float32', value: new Float32Array(shape.vocabSize) }],
    ['tokenizer.ggml.token_type', { type: 'array', of: 'int32', value: types }],
    ['tokenizer.ggml.bos_token_id', uint32(1)],
    ['tokenizer.ggml.eos_token_id', uint32(2)],
  ]);
}
