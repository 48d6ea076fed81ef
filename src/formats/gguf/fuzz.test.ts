/**
 * Mutated files never hang, exhaust or abort the reader: it answers or throws GGUF_INVALID.
 * The long run: BABBLE_FUZZ=10000 npx vitest run src/formats/gguf/fuzz
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { AppError } from '../../errors.ts';
import { readGguf } from './read.ts';
import { type GgufValue, ggmlType } from './types.ts';
import { writeGguf } from './write.ts';

const rounds = Number(process.env['BABBLE_FUZZ'] ?? 500);
const folder = mkdtempSync(join(tmpdir(), 'babble-gguf-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** mulberry32: the same files at every run. */
function generator(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

async function seedFile(): Promise<Buffer> {
  const metadata = new Map<string, GgufValue>([
    ['general.architecture', { type: 'string', value: 'llama' }],
    ['general.alignment', { type: 'uint32', value: 32 }],
    ['llama.block_count', { type: 'uint32', value: 2 }],
    ['tokenizer.ggml.tokens', { type: 'array', of: 'string', value: [...'abcdefghijklmnop'] }],
    ['tokenizer.ggml.scores', { type: 'array', of: 'float32', value: new Float32Array(16) }],
  ]);
  const tensors = ['token_embd.weight', 'blk.0.attn_q.weight', 'output.weight'].map((name) => ({
    name,
    shape: [32, 16],
    type: ggmlType('q4_0'),
    data: () => [new Uint8Array(288)],
  }));
  const path = join(folder, 'seed.gguf');
  await writeGguf(path, metadata, tensors);
  return readFileSync(path);
}

const extremes = [0n, 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 40n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];

/** Mostly in the header, which is where lengths and counts are. */
function mutate(seed: Buffer, random: (below: number) => number): Buffer {
  const out = Buffer.from(seed);
  const position = () => random(random(4) === 0 ? out.length : 700);
  for (let changes = 1 + random(4); changes > 0; changes--) {
    switch (random(5)) {
      case 0:
        out[position()] = random(256);
        break;
      case 1:
        out.writeBigUInt64LE(extremes[random(extremes.length)]!, Math.min(position(), out.length - 8));
        break;
      case 2:
        out.writeUInt32LE(random(2 ** 32), Math.min(position(), out.length - 4));
        break;
      case 3:
        out.copy(out, position(), position(), position());
        break;
      default:
        return out.subarray(0, position());
    }
  }
  return out;
}

test(`${rounds} mutated files: an answer or GGUF_INVALID`, { timeout: 300_000 }, async () => {
  const seed = await seedFile();
  const random = generator(20_260);
  const path = join(folder, 'mutant.gguf');
  let rejected = 0;
  for (let round = 0; round < rounds; round++) {
    writeFileSync(path, mutate(seed, random));
    try {
      readGguf(path);
    } catch (error) {
      expect(error).toBeInstanceOf(AppError);
      expect((error as AppError).code).toBe('GGUF_INVALID');
      rejected++;
    }
  }
  expect(rejected).toBeGreaterThan(rounds / 4);
  expect(rejected).toBeLessThan(rounds);
});
