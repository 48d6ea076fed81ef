/** Files from strangers: whatever is in them, the process that asked lives and gets a typed error. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeLlamaFile } from '../../formats/gguf/llama-file.ts';
import type { ModelDescription } from '../../formats/model-file.ts';
import { storeFloats } from '../../formats/safetensors.ts';
import { createEngineClient } from '../host/client.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'babble-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));
const signal = AbortSignal.timeout(50_000);

const size = { nLayer: 1, nHead: 2, nEmbd: 32, nFf: 64 };
const vocabulary = [...'\nabcdefghij klmnopqrstu'];
const description: ModelDescription = {
  ...{ id: 'toy', engine: 'tiny-llama', description: '', architecture: size, parameterCount: 1 },
  ...{ contextLength: 64, vocabulary, trainedOn: '', license: 'MIT', recipe: {}, losses: {} },
};

/** A LLaMA of one layer with small made-up weights. */
async function writeToy(file: string, quantization: 'f32' | 'f16' | 'q8_0' | 'q4_0' = 'f32'): Promise<void> {
  const V = vocabulary.length;
  const shapes: [string, number[]][] = [
    ['model.embed_tokens.weight', [V, 32]],
    ['model.norm.weight', [32]],
    ['lm_head.weight', [V, 32]],
    ...['q', 'k', 'v', 'o'].map((name): [string, number[]] => [
      `model.layers.0.self_attn.${name}_proj.weight`,
      [32, 32],
    ]),
    ...['gate', 'up'].map((name): [string, number[]] => [`model.layers.0.mlp.${name}_proj.weight`, [64, 32]]),
    ['model.layers.0.mlp.down_proj.weight', [32, 64]],
    ['model.layers.0.input_layernorm.weight', [32]],
    ['model.layers.0.post_attention_layernorm.weight', [32]],
  ];
  const tensors = new Map(
    shapes.map(([name, shape], at) => {
      const count = shape.reduce((product, length) => product * length, 1);
      const values = Float32Array.from({ length: count }, (_, i) => Math.sin(i * 1.3 + at) / 2);
      return [name, storeFloats(values, shape)] as const;
    }),
  );
  await writeLlamaFile(file, description, tensors, quantization);
}

const client = (file: string) =>
  createEngineClient({ engine: 'llama', model: { id: 'stranger', path: file }, settings: { threads: 1 } });

async function complete(file: string, prompt: string): Promise<string> {
  await using engine = client(file);
  let text = '';
  const sampling = { temperature: 0 };
  for await (const part of engine.generate({ prompt, maxTokens: 8, sampling, signal })) {
    if (part.type === 'text-delta') text += part.text;
  }
  return text;
}

let toy: string;
beforeAll(async () => {
  toy = path.join(folder, 'toy.gguf');
  await writeToy(toy);
});

test.each(['f32', 'f16', 'q8_0', 'q4_0'] as const)(
  'an exported toy runs as %s and speaks its characters',
  async (type) => {
    const file = path.join(folder, `toy-${type}.gguf`);
    await writeToy(file, type);
    const text = await complete(file, 'abc');
    expect([...text]).toHaveLength(8);
    expect([...text].every((character) => vocabulary.includes(character))).toBe(true);
  },
);

test('characters that the toy does not know are named', async () => {
  await expect(complete(toy, 'aXb')).rejects.toMatchObject({
    code: 'TEXT_UNKNOWN_CHARACTERS',
    message: expect.stringContaining('X'),
  });
  expect(await complete(toy, '')).not.toBe('');
});

const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
const u64 = (value: bigint) => Buffer.from(BigUint64Array.of(value).buffer);
const header = (tensors: bigint, entries: bigint) => [
  Buffer.from('GGUF'),
  u32(3),
  u64(tensors),
  u64(entries),
];
const hostile: Record<string, Buffer[]> = {
  'a string longer than memory, in 64 bytes': [
    ...header(0n, 1n),
    ...[u64(1n), Buffer.from('k'), u32(8), u64(2n ** 62n), Buffer.alloc(19)],
  ],
  'counts beyond all bounds': [...header(2n ** 62n, 2n ** 62n), Buffer.alloc(100)],
  'a header and no more': header(0n, 0n),
  'no bytes': [],
};

test.each(Object.entries(hostile))('%s: GGUF_INVALID, at once', async (_name, parts) => {
  const file = path.join(folder, 'hostile.gguf');
  writeFileSync(file, Buffer.concat(parts));
  await using engine = client(file);
  await expect(engine.load(signal)).rejects.toMatchObject({ code: 'GGUF_INVALID' });
});

test('sizes that are well-formed but wrong end in a typed error, never in the parent', async () => {
  const good = readFileSync(toy);
  const key = Buffer.from('llama.attention.head_count');
  const at = good.indexOf(key) + key.length + 4;
  for (const heads of [0, 3, 1000, 2 ** 31]) {
    const file = path.join(folder, 'heads.gguf');
    const bad = Buffer.from(good);
    bad.writeUInt32LE(heads, at);
    writeFileSync(file, bad);
    await using engine = client(file);
    const error = await engine.load(signal).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: expect.stringMatching(/^(GGUF_INVALID|ENGINE_LOAD_FAILED|ENGINE_CRASHED)$/),
    });
  }
});
