/**
 * Mutated files never hang, exhaust or abort the reader: it answers or throws GGUF_INVALID.
 * The long run: npm run fuzz:gguf
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { AppError } from '../../errors.ts';
import { generator, mutate } from './fixtures/mutate.ts';
import { readGguf } from './read.ts';
import { type GgufValue, ggmlType } from './types.ts';
import { writeGguf } from './write.ts';

const rounds = Number(process.env['BABBLE_FUZZ'] ?? 500);
const folder = mkdtempSync(join(tmpdir(), 'babble-gguf-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true }));

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

test(`${rounds} mutated files: an answer or GGUF_INVALID`, { timeout: 300_000 }, async () => {
  const seed = await seedFile();
  const random = generator(20_260);
  const path = join(folder, 'mutant.gguf');
  let rejected = 0;
  for (let round = 0; round < rounds; round++) {
    writeFileSync(path, mutate(seed, random, 700));
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
