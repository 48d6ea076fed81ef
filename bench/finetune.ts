/**
 * What fine-tuning gives: the loss on the held-out tenth of a text of another style, before, after fine-tuning the
 * whole model, after fine-tuning an adapter, and of a model trained from scratch on the same text for as many steps.
 *
 *   npm run bench:finetune [-- <model> <steps> <text>]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { resolveModel } from '../src/catalogue/catalogue.ts';
import { readModelFile } from '../src/formats/model-file.ts';
import { train } from '../src/training/client.ts';
import { prepareFinetune } from '../src/training/finetune/prepare.ts';
import { resolveRunConfig } from '../src/training/run-config.ts';
import { createRun, runFiles } from '../src/training/run-folder.ts';
import { readRunLog } from '../src/training/run-log.ts';
import { loadTask } from '../src/training/tasks.ts';
import { machine } from './torch/index.ts';

const [
  model = 'gpt',
  steps = '100',
  text = fileURLToPath(new URL('../docs/examples/lighthouse.txt', import.meta.url)),
] = process.argv.slice(2);
const evalEvery = 10;

const base = await resolveModel(model, model);
const home = await mkdtemp(path.join(os.tmpdir(), 'babble-bench-'));
process.env['BABBLE_HOME'] = home;

interface Result {
  readonly what: string;
  readonly folder: string;
}

async function finetune(lora: boolean): Promise<Result> {
  const settings = { steps: Number(steps), samples: false, hyper: { evalEvery } };
  const name = lora ? 'adapter' : 'whole';
  const prepared = await prepareFinetune({ base, on: text, lora, name, settings });
  return {
    what: lora ? 'fine-tuned by an adapter' : 'fine-tuned whole',
    folder: await prepared.create('refuse'),
  };
}

async function scratch(): Promise<Result> {
  const hyper = { evalEvery };
  const request = { recipe: 'best', steps: Number(steps), dataFile: text, samples: false, hyper } as const;
  return { what: 'from scratch', folder: await createRun(resolveRunConfig(await loadTask(model), request)) };
}

try {
  console.log(`${model} on ${path.basename(text)}, at most ${steps} steps. ${machine()}`);
  for (const make of [() => finetune(false), () => finetune(true), scratch]) {
    const { what, folder } = await make();
    const begin = performance.now();
    const outcome = await train({ folder, signal: new AbortController().signal, onEvent: () => {} });
    const seconds = (performance.now() - begin) / 1000;
    const evaluations = (await readRunLog(runFiles(folder).log)).filter((line) => line.event === 'eval');
    const before = evaluations.find((line) => line.step === 0);
    if (before) console.log(`  before: ${before.valLoss.toFixed(4)}`);
    const megabytes = (await readModelFile(outcome.modelFolder!)).weights.bytes / 1e6;
    console.log(
      `  ${what}: ${outcome.losses!['val']!.toFixed(4)} at step ${outcome.best!.step} of ${outcome.step}, ${seconds.toFixed(0)} s, ${megabytes.toFixed(1)} MB; curve ${evaluations.map(({ valLoss }) => valLoss.toFixed(2)).join(' ')}`,
    );
  }
} finally {
  await rm(home, { recursive: true, force: true });
}
