/**
 * LLaMA 65B's exact shape through the whole product. Writes a file with random weights in TQ1_0 (13.8 GB,
 * by the project's own writer), loads it, and prints load time, memory and tokens a second beside
 * llama-bench's. Needs about 15 GB of memory and of disk; the file is removed afterwards.
 *
 *   npm run bench:llama-65b [-- <folder for the file> [tokens]]
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { createEngineClient } from '../src/engines/host/client.ts';
import { type GgufValue, ggmlType, tensorBytes } from '../src/formats/gguf/types.ts';
import { type GgufTensor, writeGguf } from '../src/formats/gguf/write.ts';
import { engineProcess, residentBytes } from './engine-process.ts';
import { llamaProgram, runLlamaBench } from './llama-build.ts';

const shape = { nLayer: 80, nEmbd: 8192, nFf: 22_016, nHead: 64, vocabSize: 32_000, contextLength: 2048 };
const [parent = tmpdir(), tokens = '16'] = process.argv.slice(2);

/** 64 k blocks; a block is 48 + 4 bytes of digits and the scale as f16. */
const randomBlocks = makeBlocks(1 << 16);

const folder = mkdtempSync(path.join(parent, 'babble-65b-'));
try {
  const file = path.join(folder, 'llama-65b-random.gguf');
  const writing = performance.now();
  const bytes = await writeGguf(file, metadata(), tensors());
  print('file written', `${(bytes / 1e9).toFixed(1)} GB in ${seconds(writing)} s`);
  await measure(file);
} finally {
  rmSync(folder, { recursive: true });
}

async function measure(file: string): Promise<void> {
  const threads = String(availableParallelism());
  const model = { id: 'llama-65b-random', path: file };
  const client = createEngineClient({ engine: 'llama', model, settings: { contextLength: 512 } });
  const fit = await client.probe();
  for (const { what, bytes } of fit.needs) print(`needs: ${what}`, `${(bytes / 1e9).toFixed(1)} GB`);
  print('free', `${(fit.freeBytes / 1e9).toFixed(1)} GB`);
  const loading = performance.now();
  const info = await client.load();
  print('loaded', `${(info.parameterCount / 1e9).toFixed(2)} G parameters in ${seconds(loading)} s`);
  let ours = 0;
  const request = { prompt: 'The', maxTokens: Number(tokens), sampling: { temperature: 0.8, seed: 1 } };
  const controller = new AbortController();
  for await (const part of client.generate({ ...request, signal: controller.signal })) {
    if (part.type !== 'finish') continue;
    ours = part.usage.tokensPerSecond;
    print('first token after', `${(part.usage.firstTokenMs / 1000).toFixed(1)} s`);
  }
  print('resident memory', `${(residentBytes(engineProcess(file) ?? '') / 1e9).toFixed(1)} GB`);
  let stopped = 0;
  for await (const part of client.generate({ ...request, signal: controller.signal })) {
    if (part.type === 'text-delta' && stopped === 0) {
      stopped = performance.now();
      controller.abort();
    }
  }
  print('a stop takes', `${seconds(stopped)} s`);
  await client[Symbol.asyncDispose]();
  const theirs = runLlamaBench(llamaProgram('llama-bench'), [
    '-m',
    file,
    '-t',
    threads,
    '-p',
    '0',
    '-n',
    tokens,
  ]);
  print(
    'tokens/s',
    `${ours.toFixed(2)}, llama-bench ${theirs.toFixed(2)}, ratio ${(ours / theirs).toFixed(2)}`,
  );
}

function tensors(): GgufTensor[] {
  const { nLayer, nEmbd, nFf, vocabSize } = shape;
  const layers = Array.from({ length: nLayer }, (_, layer) => [
    ones(`blk.${layer}.attn_norm.weight`),
    ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].map((name) =>
      ternary(`blk.${layer}.${name}.weight`, [nEmbd, nEmbd]),
    ),
    ones(`blk.${layer}.ffn_norm.weight`),
    ternary(`blk.${layer}.ffn_gate.weight`, [nEmbd, nFf]),
    ternary(`blk.${layer}.ffn_up.weight`, [nEmbd, nFf]),
    ternary(`blk.${layer}.ffn_down.weight`, [nFf, nEmbd]),
  ]);
  const head = ternary('output.weight', [nEmbd, vocabSize]);
  return [
    ternary('token_embd.weight', [nEmbd, vocabSize]),
    ...layers.flat(),
    ones('output_norm.weight'),
    head,
  ];
}

function ones(name: string): GgufTensor {
  const values = new Float32Array(shape.nEmbd).fill(1);
  return { name, shape: [shape.nEmbd], type: ggmlType('f32'), data: () => [new Uint8Array(values.buffer)] };
}

/** Random digits −1, 0, 1 with a small scale, so that nothing overflows. */
function ternary(name: string, size: readonly number[]): GgufTensor {
  const type = ggmlType('tq1_0');
  return {
    name,
    shape: size,
    type,
    *data() {
      let left = tensorBytes(type, size);
      while (left > 0) {
        const part = randomBlocks.subarray(0, Math.min(left, randomBlocks.length));
        left -= part.length;
        yield part;
      }
    },
  };
}

function makeBlocks(count: number): Buffer {
  const blocks = randomBytes(54 * count);
  const scale = new DataView(new ArrayBuffer(2));
  scale.setFloat16(0, 0.02, true);
  for (let block = 0; block < count; block++) blocks.writeUInt16LE(scale.getUint16(0, true), 54 * block + 52);
  return blocks;
}

function metadata(): Map<string, GgufValue> {
  const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`);
  const words = Array.from({ length: shape.vocabSize - 259 }, (_, i) => `▁w${i}`);
  const types = new Int32Array(shape.vocabSize).fill(1);
  types.set([2, 3, 3]);
  types.fill(6, 3, 259);
  const uint32 = (value: number): GgufValue => ({ type: 'uint32', value });
  const string = (value: string): GgufValue => ({ type: 'string', value });
  return new Map<string, GgufValue>([
    ['general.architecture', string('llama')],
    ['general.name', string('LLaMA 65B, random weights')],
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

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}

function print(what: string, value: string): void {
  console.log(`${what.padEnd(34)} ${value}`);
}
