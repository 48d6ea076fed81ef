/**
 * A training step of `gpt` at batch 64 here and in PyTorch: the same model, dropout, optimiser (AdamW) and
 * dtype, taking turns so that both see the same machine. Prints tokens a second, peak memory and the ratios.
 * After it the same for the nets over names (train-names.ts).
 *
 *   npm run bench:train [-- <steps of gpt>]      0: only the nets over names
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { task } from '../src/engines/gpt/train.ts';
import { hyperOf } from '../src/training/task.ts';
import { median } from './quantile.ts';
import { machine, runTorch } from './torch/index.ts';
import { benchNames } from './train-names.ts';

const steps = Number(process.argv[2] ?? 3);
const batch = 64;

interface Case {
  readonly precision: 'float32' | 'bfloat16';
  readonly attentionDropout: number;
}

interface Speed {
  readonly tokensPerSecond: number;
  readonly peakBytes: number;
}

/** In a process of its own, so that the peak memory is this case's. */
async function measureHere({ precision, attentionDropout }: Case): Promise<Speed> {
  const text = 'First Citizen:\nBefore we proceed any further, hear me speak.\n'.repeat(2000);
  // The text's own vocabulary is smaller than Shakespeare's: give it the 65 characters.
  const characters = Array.from({ length: 65 }, (_, i) => String.fromCharCode(48 + i)).join('');
  const hyper = { ...hyperOf(task.recipes.classic), precision, attentionDropout, batchSize: batch };
  const session = await task.start({ text: characters + text.replaceAll(/[^0-p]/g, 'a'), hyper, seed: 1 });
  const times: number[] = [];
  for (let step = 0; step <= steps; step++) {
    const start = performance.now();
    await session.step({ step, progress: 0 });
    times.push(performance.now() - start);
  }
  const tokensPerSecond = (session.tokensPerStep * 1000) / median(times.slice(1));
  return { tokensPerSecond, peakBytes: process.resourceUsage().maxRSS * 1024 };
}

async function measureApart(wanted: Case): Promise<Speed> {
  const child = fork(fileURLToPath(import.meta.url), [String(steps), JSON.stringify(wanted)]);
  const [result] = (await once(child, 'message')) as [Speed];
  child.kill();
  return result;
}

const apart = process.argv[3];
if (apart !== undefined) {
  const speed = await measureHere(JSON.parse(apart) as Case);
  process.send?.(speed);
  await once(process, 'disconnect');
} else {
  if (steps > 0) await benchGpt();
  await benchNames();
}

async function benchGpt(): Promise<void> {
  const show = (name: string, { tokensPerSecond, peakBytes }: Speed) =>
    console.log(
      `  ${name.padEnd(44)} ${tokensPerSecond.toFixed(0).padStart(6)} tokens/s ${(peakBytes / 2 ** 30).toFixed(2).padStart(6)} GiB`,
    );
  console.log(`gpt, a step at batch ${batch}, ${steps} steps, median. ${machine()}`);
  const attentionDropout = 0.2;
  const ours32 = await measureApart({ precision: 'float32', attentionDropout });
  show('babble, float32', ours32);
  const torch32 = runTorch('train', { batch, micro: 16, bf16: false, fused: false, attentionDropout, steps });
  show(`PyTorch ${torch32.torch}, float32`, torch32);
  const ours16 = await measureApart({ precision: 'bfloat16', attentionDropout });
  show('babble, bfloat16 products', ours16);
  const torch16 = runTorch('train', { batch, micro: 16, bf16: true, fused: true, attentionDropout, steps });
  show('PyTorch, bfloat16 autocast, fused attention', torch16);
  const best = await measureApart({ precision: 'bfloat16', attentionDropout: 0 });
  show('babble, bfloat16, no dropout in attention', best);
  const torchBest = runTorch('train', {
    batch,
    micro: 16,
    bf16: true,
    fused: true,
    attentionDropout: 0,
    steps,
  });
  show('PyTorch, the same', torchBest);
  const ratio = (a: Speed, b: Speed) => (a.tokensPerSecond / b.tokensPerSecond).toFixed(2);
  console.log(
    `  ratio float32 ${ratio(ours32, torch32)} · bfloat16 ${ratio(ours16, torch16)} · without dropout in attention ${ratio(best, torchBest)}`,
  );
}
