/**
 * A training step of `mlp` and `wavenet` as in the lectures (batch 32, plain gradient descent) here and in PyTorch.
 * Blocks of steps take turns, so that both see the same machine; the ratio is the median over the turns' ratios.
 */
import { task as mlp } from '../src/engines/mlp/train.ts';
import { task as wavenet } from '../src/engines/wavenet/train.ts';
import { loadDataset } from '../src/training/datasets.ts';
import { type HyperParameters, hyperOf, type TrainingTask } from '../src/training/task.ts';
import { median } from './quantile.ts';
import { machine, type StepTime, startTorchSteps } from './torch/index.ts';

const turns = 15;
const blocks = { mlp: 1000, wavenet: 200 } as const;

export async function benchNames(): Promise<void> {
  console.log(`mlp and wavenet, a step at batch 32, ${turns} turns, medians. ${machine()}`);
  const { text } = await loadDataset('names');
  await race('mlp', mlp, text);
  await race('wavenet', wavenet, text);
}

async function race<H extends HyperParameters>(
  name: keyof typeof blocks,
  task: TrainingTask<H>,
  text: string,
): Promise<void> {
  const count = blocks[name];
  using torch = startTorchSteps(name);
  using session = await task.start({ text, hyper: hyperOf(task.recipes.classic), seed: 1 });
  let step = 0;
  const block = async (): Promise<StepTime> => {
    const begin = performance.now();
    const used = process.cpuUsage();
    for (let i = 0; i < count; i++) await session.step({ step: step++, progress: 0 });
    const { user, system } = process.cpuUsage(used);
    return { micros: ((performance.now() - begin) * 1000) / count, processor: (user + system) / count };
  };
  await block();
  const { torch: version } = await torch.steps(count);
  const here: StepTime[] = [];
  const there: StepTime[] = [];
  for (let turn = 0; turn < turns; turn++) {
    here.push(await block());
    there.push(await torch.steps(count));
  }
  const show = (what: keyof StepTime) => {
    const [ours, theirs] = [here, there].map((times) => times.map((time) => time[what])) as [
      number[],
      number[],
    ];
    const ratio = median(ours.map((micros, turn) => theirs[turn]! / micros));
    return `babble ${median(ours).toFixed(0)} µs, PyTorch ${median(theirs).toFixed(0)} µs, ratio ${ratio.toFixed(2)}`;
  };
  console.log(
    `  ${name.padEnd(8)} ${show('micros')} · processor time: ${show('processor')} (PyTorch ${version})`,
  );
}
