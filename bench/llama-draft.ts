/**
 * Does prompt-lookup drafting pay? Tokens a second with different numbers of drafted tokens, on a text that
 * repeats itself (a passage to copy), one that half does (a table) and one that does not (a story), taking
 * turns. Greedy, so that every text is the same whatever is drafted.
 *
 *   node bench/llama-draft.ts [file.gguf [rounds [threads]]]
 */
import { createEngineClient } from '../src/engines/host/client.ts';
import { testModel } from '../src/engines/llama/fixtures/test-model.ts';
import { median } from './quantile.ts';

const [file = testModel, rounds = '5', threads = '1'] = process.argv.slice(2);
if (file === undefined) throw new Error('there is no test model: run `node scripts/lib/test-assets.mjs`');

const drafts = [0, 2, 4, 8];
const passage =
  'The harbour master counts the boats at dawn. He writes the number in a blue book, and then he walks to the bakery for bread and coffee.';
const texts: Readonly<Record<string, string>> = {
  copy: `${`${passage}\n`.repeat(3)}The harbour master counts`,
  table: `city,country,continent\n${['Paris,France', 'Rome,Italy', 'Madrid,Spain', 'Berlin,Germany'].map((line) => `${line},Europe`).join('\n')}\n`,
  story: 'Once upon a time, in a village by the sea, there lived a fisherman who',
};

const signal = new AbortController().signal;
const clients = new Map(
  drafts.map((draftTokens) => {
    const settings = { threads: Number(threads), contextLength: 1024, draftTokens };
    return [
      draftTokens,
      createEngineClient({ engine: 'llama', model: { id: 'bench', path: file }, settings }),
    ];
  }),
);

async function speed(draftTokens: number, prompt: string): Promise<number> {
  const request = { prompt, maxTokens: 96, sampling: { temperature: 0 }, signal };
  for await (const part of clients.get(draftTokens)!.generate(request)) {
    if (part.type === 'finish') return part.usage.tokensPerSecond;
  }
  throw new Error('the stream ended without a finish');
}

console.log(['text', ...drafts.map((count) => `draft ${count}`)].map((cell) => cell.padStart(10)).join(''));
for (const [name, prompt] of Object.entries(texts)) {
  const speeds = new Map<number, number[]>(drafts.map((count) => [count, []]));
  for (let round = 0; round <= Number(rounds); round++) {
    for (const count of drafts) {
      const measured = await speed(count, prompt);
      if (round > 0) speeds.get(count)!.push(measured); // the first one warms up
    }
  }
  const cells = drafts.map((count) => median(speeds.get(count)!).toFixed(1));
  console.log([name, ...cells].map((cell) => cell.padStart(10)).join(''));
}
for (const client of clients.values()) await client[Symbol.asyncDispose]();
