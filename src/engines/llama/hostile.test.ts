/** Files from strangers: whatever is in them, the process that asked lives and gets a typed error. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngineClient } from '../host/client.ts';
import { vocabulary, writeToy } from './fixtures/toy.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'babble-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));
/** Nothing may hang; a machine under load may be slow. */
const deadline = () => AbortSignal.timeout(55_000);

const client = (file: string) =>
  createEngineClient({ engine: 'llama', model: { id: 'stranger', path: file }, settings: { threads: 1 } });

async function complete(file: string, prompt: string): Promise<string> {
  await using engine = client(file);
  let text = '';
  const sampling = { temperature: 0 };
  for await (const part of engine.generate({ prompt, maxTokens: 8, sampling, signal: deadline() })) {
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
  await expect(engine.load(deadline())).rejects.toMatchObject({ code: 'GGUF_INVALID' });
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
    const error = await engine.load(deadline()).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: expect.stringMatching(/^(GGUF_INVALID|ENGINE_LOAD_FAILED|ENGINE_CRASHED)$/),
    });
  }
});
