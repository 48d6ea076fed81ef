/**
 * Tokens a second through the whole product beside llama-bench's, taking turns, on random weights of a larger
 * model's shape: what is lost a token does not grow with the model. The file is removed afterwards.
 *
 *   node bench/llama-sizes.ts [1b|3b] [rounds] [threads]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { createEngineClient } from '../src/engines/host/client.ts';
import { llamaProgram, runLlamaBench } from './llama-build.ts';
import { writeRandomLlama } from './llama-random.ts';
import { compare } from './paired.ts';

const [shape = '1b', rounds = '5', threads = String(availableParallelism())] = process.argv.slice(2);
if (shape !== '1b' && shape !== '3b') throw new Error(`expected 1b or 3b, got ${shape}`);

const tokens = 128;
const signal = new AbortController().signal;
const folder = mkdtempSync(path.join(tmpdir(), 'babble-sizes-'));
try {
  const file = path.join(folder, `llama-${shape}-random.gguf`);
  await writeRandomLlama(file, shape);
  await measure(file);
} finally {
  rmSync(folder, { recursive: true });
}

async function measure(file: string): Promise<void> {
  const model = { id: 'llama-random', path: file };
  const settings = { threads: Number(threads), contextLength: 512 };
  await using client = createEngineClient({ engine: 'llama', model, settings });
  await client.load();
  /** Random weights may end a text early: such a one is not counted. */
  const speed = async (temperature: number, seed: number): Promise<number> => {
    const sampling = { temperature, seed, repeatPenalty: 1 };
    for await (const part of client.generate({ prompt: 'The', maxTokens: tokens + 1, sampling, signal })) {
      if (part.type !== 'finish') continue;
      const { generatedTokens, tokensPerSecond } = part.usage;
      return generatedTokens > tokens ? tokensPerSecond : await speed(temperature, seed + 1000);
    }
    throw new Error('the stream ended without a finish');
  };
  await speed(0.8, 1);
  const args = ['-m', file, '-t', threads, '-p', '0', '-n', String(tokens)];
  const compared = await compare(Number(rounds), () => runLlamaBench(llamaProgram('llama-bench'), args), {
    'temperature 0': (round) => speed(0, round),
    'temperature 0.8': (round) => speed(0.8, round),
  });
  console.log(
    `LLaMA ${shape}, random weights in Q4_0, ${threads} threads, ${tokens} tokens, medians of ${rounds}`,
  );
  for (const [what, { ours, theirs, ratio, spread }] of Object.entries(compared)) {
    console.log(
      `${what}: ${ours.toFixed(2)} tokens/s, llama-bench ${theirs.toFixed(2)}, ` +
        `ratio ${ratio.toFixed(3)} (quartiles ${spread.map((edge) => edge.toFixed(3)).join(' to ')})`,
    );
  }
}
