/**
 * LLaMA 65B's exact shape through the whole product. Writes a file with random weights in TQ1_0 (13.8 GB,
 * by the project's own writer), loads it, and prints load time, memory and tokens a second beside
 * llama-bench's. Needs about 15 GB of memory and of disk; the file is removed afterwards.
 *
 *   npm run bench:llama-65b [-- <folder for the file> [tokens]]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { createEngineClient } from '../src/engines/host/client.ts';
import { engineProcess, residentBytes } from './engine-process.ts';
import { llamaProgram, runLlamaBench } from './llama-build.ts';
import { writeRandomLlama } from './llama-random.ts';

const [parent = tmpdir(), tokens = '16'] = process.argv.slice(2);

const folder = mkdtempSync(path.join(parent, 'babble-65b-'));
try {
  const file = path.join(folder, 'llama-65b-random.gguf');
  const writing = performance.now();
  const bytes = await writeRandomLlama(file, '65b');
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

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}

function print(what: string, value: string): void {
  console.log(`${what.padEnd(34)} ${value}`);
}
