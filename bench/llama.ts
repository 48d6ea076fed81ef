/**
 * Tokens a second through the whole product (engine client, host process, engine) beside llama.cpp's own
 * llama-bench, and the time to the first token of a 200-token prompt beside llama-server's, on the same file
 * with the same threads, each of ours between two of theirs. At the end: what idling costs.
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
import { type Comparison, compare } from './paired.ts';

const [file = testModel, rounds = '9', threads = String(availableParallelism())] = process.argv.slice(2);
if (file === undefined) throw new Error('there is no test model: run `node scripts/lib/test-assets.mjs`');

const binary = llamaProgram('llama-bench');
await using client = createEngineClient({
  engine: 'llama',
  model: { id: 'bench', path: file },
  settings: { threads: Number(threads), contextLength: 1024 },
});
await client.load();

const signal = new AbortController().signal;
/** Short: llama-bench begins with an empty context. */
const story = 'Once upon a time';

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

const speed = (of: '-p' | '-n', count: string) => () =>
  runLlamaBench(binary, ['-m', file, '-t', threads, '-p', '0', '-n', '0', of, count]);
for (const temperature of [0, 0.8]) await tokens(temperature, 0);
const count = Number(rounds);
const pp256 = await compare(count, speed('-p', '256'), { prompt });
const tg128 = await compare(count, speed('-n', '128'), {
  greedy: (round) => tokens(0, round),
  warm: (round) => tokens(0.8, round),
});
await using server = await LlamaServer.start(file, threads);
const first = await compare(count, (round) => server.firstText(shortPrompt(round)), { ours: firstText });

const row = (what: string, { ours, theirs, ratio, spread }: Comparison) => {
  const figures = [ours.toFixed(1), theirs.toFixed(1), ratio.toFixed(3)].map((figure) => figure.padStart(12));
  console.log(`${what.padEnd(30)}${figures.join('')}  ${spread.map((edge) => edge.toFixed(3)).join(' to ')}`);
};
const head = ['babble', 'llama-bench', 'ratio'].map((title) => title.padStart(12)).join('');
console.log(`${`tokens/s, medians of ${rounds}`.padEnd(30)}${head}  quartiles`);
row('prompt of 256 (pp256)', pp256.prompt);
row('128 tokens, temperature 0', tg128.greedy);
row('128 tokens, temperature 0.8', tg128.warm);
row('ms to the first of 200 (server)', first.ours);

const pid = engineProcess(file);
if (pid !== undefined) {
  const before = processorMs(pid);
  await pause(10_000);
  console.log(`idle, loaded: ${processorMs(pid) - before} ms of processor time in 10 s`);
}
