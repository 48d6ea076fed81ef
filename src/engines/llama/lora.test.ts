/** LoRA adapters written by our own writer, on a toy: the numbers are those of weights merged by hand. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readGguf } from '../../formats/gguf/read.ts';
import { type GgufValue, ggmlType } from '../../formats/gguf/types.ts';
import { type GgufTensor, writeGguf } from '../../formats/gguf/write.ts';
import { llama } from './engine.ts';
import { vocabulary, writeToy } from './fixtures/toy.ts';
import { openAdapters } from './lora.ts';
import { NativeModel } from './native/model.ts';
import { readSettings } from './settings.ts';

const signal = new AbortController().signal;
const folder = mkdtempSync(path.join(tmpdir(), 'babble-lora-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => path.join(folder, name);

const rank = 2;
const alpha = 3;
/** The matrices that the adapter changes. */
const changes = [
  { ggml: 'blk.0.attn_q', torch: 'model.layers.0.self_attn.q_proj', width: 32, height: 32 },
  { ggml: 'blk.0.ffn_down', torch: 'model.layers.0.mlp.down_proj', width: 64, height: 32 },
].map((change, index) => ({
  ...change,
  a: Float32Array.from({ length: rank * change.width }, (_, i) => 2 * Math.cos(i + index)), // (r, in)
  b: Float32Array.from({ length: change.height * rank }, (_, i) => 2 * Math.sin(2 * i + index)), // (out, r)
}));

function adapterTensors(): GgufTensor[] {
  const tensor = (name: string, shape: number[], values: Float32Array): GgufTensor => ({
    ...{ name, shape, type: ggmlType('f32') },
    data: () => [new Uint8Array(values.buffer)],
  });
  return changes.flatMap(({ ggml, width, height, a, b }) => [
    tensor(`${ggml}.weight.lora_a`, [width, rank], a),
    tensor(`${ggml}.weight.lora_b`, [rank, height], b),
  ]);
}

const string = (value: string): GgufValue => ({ type: 'string', value });
const metadata = new Map<string, GgufValue>([
  ['general.type', string('adapter')],
  ['general.architecture', string('llama')],
  ['adapter.type', string('lora')],
  ['adapter.lora.alpha', { type: 'float32', value: alpha }],
]);

/** The toy with the adapter's change, times `scale`, added to its weights. */
const writeMerged = (file: string, scale: number) =>
  writeToy(file, 'f32', (name, values) => {
    const change = changes.find(({ torch }) => name === `${torch}.weight`);
    if (change === undefined) return;
    const { a, b, width, height } = change;
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        for (let r = 0; r < rank; r++) {
          values[row * width + column]! +=
            ((scale * alpha) / rank) * b[row * rank + r]! * a[r * width + column]!;
        }
      }
    }
  });

const tokens = [1, 5, 9, 2, 20, 11];

/** Logits after each token, one after the other. (T × V) */
async function logitsOf(file: string, lora = ''): Promise<number[]> {
  const adapters = openAdapters(lora, 'llama', [readGguf(file)]);
  const settings = readSettings({ kvType: 'f32', threads: 1 });
  const parameters = { contextLength: 64, vocabSize: vocabulary.length, adapters };
  await using native = await NativeModel.load(file, parameters, settings, { signal, onProgress() {} });
  const indexes = [...tokens.keys()];
  await native.decode(tokens, 0, indexes);
  return indexes.flatMap((index) => [...native.logits(index)]);
}

const largestDifference = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

beforeAll(async () => {
  await writeToy(at('toy.gguf'));
  await writeGguf(at('adapter.gguf'), metadata, adapterTensors());
});

test('scale 0 is the model alone', async () => {
  expect(await logitsOf(at('toy.gguf'), `${at('adapter.gguf')}=0`)).toEqual(await logitsOf(at('toy.gguf')));
});

test.each([1, 0.5])('scale %d gives the logits of weights merged by hand', async (scale) => {
  await writeMerged(at('merged.gguf'), scale);
  const adapted = await logitsOf(at('toy.gguf'), `${at('adapter.gguf')}:${scale}`);
  expect(largestDifference(adapted, await logitsOf(at('merged.gguf')))).toBeLessThan(1e-4);
  expect(largestDifference(adapted, await logitsOf(at('toy.gguf')))).toBeGreaterThan(0.1);
});

describe('an adapter that is not for the model is a typed error', () => {
  const without = (key: string) => new Map([...metadata].filter(([name]) => name !== key));
  const [a, b] = adapterTensors();
  const cases: [string, () => Promise<unknown>][] = [
    [
      'of another architecture',
      () => write(new Map(metadata).set('general.architecture', string('gemma')), adapterTensors()),
    ],
    ['a model and no adapter', () => writeToy(at('wrong.gguf'))],
    ['of another kind', () => write(without('adapter.type'), adapterTensors())],
    [
      'with a strange alpha',
      () => write(new Map(metadata).set('adapter.lora.alpha', string('3')), adapterTensors()),
    ],
    ['with half of a change', () => write(metadata, [a!])],
    ['without tensors', () => write(metadata, [])],
    ['for a tensor that is not there', () => write(metadata, renamed(/attn_q/, 'attn_z'))],
    ['of another shape', () => write(metadata, renamed(/attn_q/, 'ffn_up'))],
    ['with other tensors', () => write(metadata, renamed(/lora_a/, 'lora_c'))],
    ['of integers', () => write(metadata, [{ ...a!, type: ggmlType('i32') }, b!])],
    [
      'cut short',
      async () => writeFileSync(at('wrong.gguf'), readFileSync(at('adapter.gguf')).subarray(0, -700)),
    ],
  ];
  const write = (entries: ReadonlyMap<string, GgufValue>, tensors: GgufTensor[]) =>
    writeGguf(at('wrong.gguf'), entries, tensors);
  const renamed = (from: RegExp, to: string) =>
    adapterTensors().map((tensor) => ({ ...tensor, name: tensor.name.replace(from, to) }));

  test.each(cases)('%s', async (_name, make) => {
    await make();
    expect(() => openAdapters(at('wrong.gguf'), 'llama', [readGguf(at('toy.gguf'))])).toThrow(
      expect.objectContaining({ code: 'GGUF_INVALID' }),
    );
  });

  test('the engine says so before it loads', async () => {
    const load = (lora: string) =>
      llama.load({ id: 'toy', path: at('toy.gguf') }, { signal, settings: { lora }, onProgress() {} });
    await expect(load(at('toy.gguf'))).rejects.toMatchObject({ code: 'GGUF_INVALID' });
    await expect(load(at('none.gguf'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await expect(load(`${at('adapter.gguf')}=1.2.3`)).rejects.toMatchObject({ code: 'INVALID_SETTING' });
  });
});
