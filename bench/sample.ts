/**
 * Tokens a second of `gpt` through the KV cache, beside nanoGPT's sampling loop in PyTorch, which reads the
 * whole window anew for every token. The same size of model, once the window is full; random weights.
 *
 *   npm run bench:sample
 */

import path from 'node:path';
import { factory } from '../src/engines/gpt/engine.ts';
import { gptForward, gptShapes, gptSize } from '../src/engines/gpt/model.ts';
import { Decoder } from '../src/engines/shared/decoder.ts';
import { Sampler } from '../src/engines/shared/sampling.ts';
import { shippedModels } from '../src/paths.ts';
import { loadTensorFlow } from '../src/tensor/index.ts';
import { initialWeights } from '../src/training/characters/initial.ts';
import { machine, runTorch } from './torch/index.ts';

const tokens = 256;
const config = { vocabSize: 65, ...gptSize };
const { tf } = await loadTensorFlow();
const shapes = gptShapes(config);
using decoder = new Decoder(tf, {
  shapes,
  weights: initialWeights(shapes, 1, () => false),
  contextLength: config.contextLength,
  forward: (tape, parameters, input, cache) => gptForward(tape, parameters, config, input, { cache }),
});

/** Tokens a second for `texts` at once, beginning with a full window: what a long text costs. */
function speedHere(texts: number): number {
  const sampler = new Sampler({ seed: 1 });
  let logits = decoder.start(
    Array.from({ length: texts }, () => new Array<number>(config.contextLength).fill(1)),
  );
  const start = performance.now();
  for (let i = 0; i < tokens; i++) {
    const drawn = Array.from({ length: texts }, (_, row) =>
      sampler.sample({ logits: logits.subarray(row * config.vocabSize, (row + 1) * config.vocabSize) }, []),
    );
    logits = decoder.next(drawn);
  }
  return (texts * tokens * 1000) / (performance.now() - start);
}

console.log(`gpt, ${tokens} tokens a text, window full. ${machine()}`);
speedHere(1);
for (const texts of [1, 16]) {
  const here = speedHere(texts);
  const torch = runTorch('sample', { texts, tokens: texts === 1 ? 64 : 8 });
  const ratio = here / torch.tokensPerSecond;
  console.log(
    `  ${texts} at once: babble ${here.toFixed(0)} tokens/s, nanoGPT's loop in PyTorch ${torch.torch} ${torch.tokensPerSecond.toFixed(1)}, ratio ${ratio.toFixed(1)}`,
  );
}
decoder.start([[1]]);
const begin = performance.now();
decoder.start([[2, 3, 4, 5, 6, 7, 8, 9]]);
console.log(`  first token of a prompt of 8: ${(performance.now() - begin).toFixed(0)} ms`);

/** The whole way of `babble run --samples`: the shipped model, sampling, stop strings, parts. */
const signal = new AbortController().signal;
await using engine = await factory.load(
  { id: 'gpt', path: path.join(shippedModels, 'gpt') },
  { signal, onProgress: () => {} },
);
const speeds: number[] = [];
for (const samples of [1, 16]) {
  const start = performance.now();
  let drawn = 0;
  const asked = { prompt: 'The king ', maxTokens: tokens, samples, sampling: { seed: 1 }, signal };
  for await (const part of engine.generate(asked))
    if (part.type === 'text-delta') drawn += part.tokenIds.length;
  speeds.push((drawn * 1000) / (performance.now() - start));
  console.log(
    `  engine, ${samples} ${samples === 1 ? 'sample' : 'samples side by side'}: ${speeds.at(-1)!.toFixed(0)} tokens/s`,
  );
}
console.log(`  side by side: ${(speeds[1]! / speeds[0]!).toFixed(1)} times as many tokens/s`);
