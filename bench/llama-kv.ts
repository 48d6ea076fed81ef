/**
 * When is a stored KV cache cheaper than computing it again? For prompts of several lengths: milliseconds to
 * compute, to store (with hash) and to restore (with check), and the state's size.
 *
 *   node bench/llama-kv.ts [file.gguf [threads]]
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { Context } from '../src/engines/llama/context.ts';
import { openModel } from '../src/engines/llama/files.ts';
import { testModel } from '../src/engines/llama/fixtures/test-model.ts';
import { KvStore } from '../src/engines/llama/kv-store.ts';
import { NativeModel } from '../src/engines/llama/native/model.ts';
import { readSettings } from '../src/engines/llama/settings.ts';
import { median } from './quantile.ts';

const [place = testModel, threads = String(availableParallelism())] = process.argv.slice(2);
if (place === undefined) throw new Error('there is no test model: run `node scripts/lib/test-assets.mjs`');

const rounds = 5;
const signal = new AbortController().signal;
const { file, model } = openModel(place);
const contextLength = 2048;
const settings = readSettings({ threads: Number(threads), contextLength });
const folder = mkdtempSync(path.join(tmpdir(), 'babble-kv-bench-'));
const store = new KvStore({ folder, identity: 'bench', bytesPerToken: 1 });

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

try {
  await using native = await NativeModel.load(
    file.path,
    { contextLength, vocabSize: model.vocabSize },
    settings,
    { signal, onProgress() {} },
  );
  console.log('  tokens  compute    store  restore (ms)       MB');
  for (const length of [64, 128, 256, 512, 1024]) {
    const prompt = Array.from({ length: length + 1 }, (_, i) => (1000 + i * 7919) % model.vocabSize);
    const times = { compute: [], store: [], restore: [] } as Record<string, number[]>;
    for (let round = 0; round < rounds; round++) {
      const context = new Context(native, Number(threads), model.parameterCount);
      native.forget(0);
      times['compute']!.push(await milliseconds(() => context.load(prompt, signal)));
      times['store']!.push(await milliseconds(() => store.save('bench', context)));
      context.truncate(0);
      times['restore']!.push(await milliseconds(() => store.restore('bench', prompt, context)));
      if (context.tokens.length !== length) throw new Error('nothing was restored');
    }
    const bytes = statSync(path.join(folder, 'bench.state')).size;
    const cells = ['compute', 'store', 'restore'].map((name) => median(times[name]!).toFixed(0).padStart(9));
    console.log(`${String(length).padStart(8)}${cells.join('')}${(bytes / 1e6).toFixed(1).padStart(14)}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
