/**
 * Tokens a second through the whole product (engine client, host process, engine) beside llama.cpp's own
 * llama-bench, and the time to the first token of a 200-token prompt beside llama-server's, on the same file
 * with the same threads, taking turns so that both see the same machine. At the end: what idling costs.
 *
 *   npm run bench:llama [-- <file.gguf> [rounds] [threads]]
 */
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { GenerateRequest, Usage } from '../src/engines/engine.ts';
import { createEngineClient } from '../src/engines/host/client.ts';
import { testModel } from '../src/engines/llama/fixtures/test-model.ts';
import { engineProcess, processorMs } from './engine-process.ts';
import { llamaProgram, runLlamaBench } from './llama-build.ts';
import { LlamaServer } from './llama-server.ts';

const [file = testModel, rounds = '5', threads = String(availableParallelism())] = process.argv.slice(2);
if (file === undefined) throw new Error('there is no test model: run `node scripts/lib/test-assets.mjs`');

const binary = llamaProgram('llama-bench');
await using client = createEngineClient({
  engine: 'llama',
  model: { id: 'bench', path: file },
  settings: { threads: Number(threads), contextLength: 1024 },
});
await client.load();

const signal = new AbortController().signal;
const story = 'Once upon a time there was a king who counted: one, two, three, four, five,';

async function generate(request: Pick<GenerateRequest, 'prompt' | 'maxTokens' | 'sampling'>): Promise<Usage> {
  for await (const part of client.generate({ ...request, signal })) {
    if (part.type === 'finish') return part.usage;
  }
  throw new Error('the stream ended without a finish');
}

/** Tokens a second of a prompt of 254, up to the first token; begins with a word of its own, so that nothing is cached. */
async function prompt(round: number): Promise<number> {
  const text = `${round} ${'The sea is wide and blue, and ships go by. '.repeat(21)}`;
  const usage = await generate({ prompt: text, maxTokens: 1, sampling: { temperature: 0 } });
  return (usage.promptTokens - (usage.cachedTokens ?? 0)) / (usage.firstTokenMs / 1000);
}

async function tokens(temperature: number, seed: number): Promise<number> {
  const sampling = { temperature, seed, repeatPenalty: 1 };
  const usage = await generate({ prompt: story, maxTokens: 129, sampling });
  if (usage.generatedTokens < 100) return tokens(temperature, seed + 1000);
  return usage.tokensPerSecond;
}

/** Milliseconds until the first text is here; the prompt of 200 tokens begins with a word of its own. */
async function firstText(round: number): Promise<number> {
  const started = performance.now();
  for await (const part of client.generate({
    ...{ prompt: shortPrompt(round), maxTokens: 4, sampling: { temperature: 0 }, signal },
  })) {
    if (part.type === 'text-delta' && part.text !== '') return performance.now() - started;
  }
  throw new Error('no text came');
}

const shortPrompt = (round: number) => `${round} ${'The sea is wide and blue, and ships go by. '.repeat(16)}`;

const measured = {
  pp256: [],
  tg128: [],
  ourPp256: [],
  ourGreedy: [],
  ourWarm: [],
  first: [],
  ourFirst: [],
} as Record<string, number[]>;
const args = ['-m', file, '-t', threads];
await using server = await LlamaServer.start(file, threads);
await tokens(0, 0);
for (let round = 0; round < Number(rounds); round++) {
  measured['pp256']!.push(runLlamaBench(binary, [...args, '-p', '256', '-n', '0']));
  measured['ourPp256']!.push(await prompt(round));
  measured['tg128']!.push(runLlamaBench(binary, [...args, '-p', '0', '-n', '128']));
  measured['ourGreedy']!.push(await tokens(0, round));
  measured['ourWarm']!.push(await tokens(0.8, round));
  measured['ourFirst']!.push(await firstText(round));
  measured['first']!.push(await server.firstText(shortPrompt(round)));
  await pause(500); // the server's threads spin on for a while, in the way of who comes next
}

const median = (name: string) => measured[name]!.toSorted((a, b) => a - b)[Number(rounds) >> 1]!;
const line = (what: string, ours: string, theirs: string) => {
  const ratio = (median(ours) / median(theirs)).toFixed(2);
  console.log(
    `${what.padEnd(28)} ${median(ours).toFixed(1).padStart(8)} ${median(theirs).toFixed(1).padStart(10)} ${ratio.padStart(6)}`,
  );
};
console.log(`tokens/s, median of ${rounds}`.padEnd(28), 'babble'.padStart(8), 'llama-bench', ' ratio');
line('prompt of 256 (pp256)', 'ourPp256', 'pp256');
line('128 tokens, temperature 0', 'ourGreedy', 'tg128');
line('128 tokens, temperature 0.8', 'ourWarm', 'tg128');
line('ms to the first of 200 (server)', 'ourFirst', 'first');

const pid = engineProcess(file);
if (pid !== undefined) {
  const before = processorMs(pid);
  await pause(10_000);
  console.log(`idle, loaded: ${processorMs(pid) - before} ms of processor time in 10 s`);
}
