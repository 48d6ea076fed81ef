import path from 'node:path';
import { AppError } from '../../errors.ts';
import { drawChart } from '../../pictures/chart.ts';
import type { TrainingOutcome } from '../../training/events.ts';
import { copyResult } from '../../training/result.ts';
import { type RunRequest, resolveRunConfig } from '../../training/run-config.ts';
import { createRun, findRun, runFiles } from '../../training/run-folder.ts';
import { readRunLog } from '../../training/run-log.ts';
import { loadTask } from '../../training/tasks.ts';
import { createCommand, decimal, integer } from '../options.ts';
import { formatTable } from '../text-table.ts';
import { followRun, interrupted } from '../training/follow.ts';
import { checkRequest, parseSetting, readRequestFile } from '../training/request.ts';

interface TrainOptions {
  readonly recipe?: string;
  readonly seed?: number;
  readonly steps?: number;
  readonly minutes?: number;
  readonly set?: readonly string[];
  readonly config?: string;
  readonly data?: string;
  readonly resume?: string | true;
  readonly checkpointSeconds?: number;
  readonly memoryLimit?: number;
  readonly samples?: false;
  readonly out?: string;
  readonly compare?: readonly string[];
}

/** `babble train`: trains a model, or goes on with a run, with a live view on standard error. */
export async function run(args: readonly string[]): Promise<number> {
  const command = createCommand('train', 'Train a model from its data. Ctrl+C stops after a checkpoint.')
    .argument('[model]', 'for example wavenet')
    .option('--recipe <name>', 'classic reproduces the published loss; best beats it (default)')
    .option(
      '--seed <number>',
      'same seed, same machine: same loss to the last digit',
      integer(0, 2 ** 31 - 1),
    )
    .option('--steps <number>', 'optimiser steps', integer(1))
    .option('--minutes <number>', 'train for so long instead: the schedule ends with it', decimal(0.001, 1e6))
    .option('--set <name=value...>', 'change hyper-parameters of the recipe, as in --set learningRate=0.01')
    .option('--config <file>', 'the same settings from a TOML or JSON file; flags go first')
    .option('--data <file>', "a text of your own instead of the model's data")
    .option('--resume [run]', 'go on with a run: by its id or folder, else the newest of the model')
    .option('--checkpoint-seconds <number>', 'time between checkpoints (default 30)', decimal(0, 1e6))
    .option('--memory-limit <MB>', 'renew the training process above this', decimal(1, 1e9))
    .option('--no-samples', 'show no samples at evaluations')
    .option('--out <folder>', 'copy the finished model there')
    .option('--compare <run...>', 'overlay the loss curves of runs instead of training');
  command.parse(args, { from: 'user' });
  const options = command.opts<TrainOptions>();
  const [model] = command.args;
  if (options.compare) return compare(options.compare);

  const folder = options.resume ? await resumedRun(model, options) : await newRun(model, options);
  const outcome = await followRun(folder, { command: 'train', memoryLimit: options.memoryLimit });
  if (outcome.reason === 'interrupted') return interrupted;
  if (options.out !== undefined) await copyResult(folder, options.out);
  process.stdout.write(describeOutcome(outcome, options.out ?? outcome.modelFolder!));
  return 0;
}

async function newRun(model: string | undefined, options: TrainOptions): Promise<string> {
  if (model === undefined)
    throw new AppError('USAGE', '`babble train` needs a model.', { hint: 'As in `babble train wavenet`.' });
  const task = await loadTask(model);
  const file: RunRequest = options.config === undefined ? {} : await readRequestFile(options.config);
  const flags = {
    ...(options.recipe === undefined ? {} : { recipe: options.recipe }),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.steps === undefined ? {} : { steps: options.steps }),
    ...(options.minutes === undefined ? {} : { minutes: options.minutes }),
    ...(options.data === undefined ? {} : { dataFile: path.resolve(options.data) }),
    ...(options.checkpointSeconds === undefined ? {} : { checkpointSeconds: options.checkpointSeconds }),
    ...(options.samples === undefined ? {} : { samples: options.samples }),
    hyper: { ...file.hyper, ...Object.fromEntries((options.set ?? []).map(parseSetting)) },
  };
  return createRun(resolveRunConfig(task, checkRequest({ ...file, ...flags }, 'babble train')));
}

/** A run goes on as it was begun: its settings are in its folder. */
async function resumedRun(model: string | undefined, options: TrainOptions): Promise<string> {
  const settings = ['recipe', 'seed', 'steps', 'minutes', 'set', 'config', 'data'] as const;
  const given = settings.filter((name) => options[name] !== undefined);
  if (given.length > 0) {
    throw new AppError(
      'USAGE',
      `A run goes on with its own settings; --${given.join(', --')} cannot be changed.`,
      {
        hint: 'Leave them out, or start a new run without --resume.',
      },
    );
  }
  const run = options.resume === true ? undefined : options.resume;
  return (await findRun({ run, model })).folder;
}

function describeOutcome(outcome: TrainingOutcome, folder: string): string {
  const rows = Object.entries(outcome.losses ?? {}).map(([split, loss]) => [split, loss.toFixed(4)]);
  const ended = outcome.reason === 'early-stop' ? 'Stopped early' : 'Done';
  return `${ended} at step ${outcome.step}; best step ${outcome.best?.step}.\n${formatTable(['split', 'loss'], rows, { alignRight: [1] })}Model: ${folder}\n`;
}

/** At most 60 points, each the mean of its neighbours: single batches are too noisy to compare. */
function averaged(points: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const size = Math.ceil(points.length / 60);
  return Array.from({ length: Math.ceil(points.length / size) }, (_, index) => {
    const part = points.slice(index * size, (index + 1) * size);
    return [part.at(-1)![0], part.reduce((sum, [, loss]) => sum + loss, 0) / part.length] as const;
  });
}

const curveMarks = ['a', 'b', 'c', 'd', 'e', 'f'];

/** Overlays the validation losses (the training losses where there are none) of runs, in text. */
async function compare(names: readonly string[]): Promise<number> {
  if (names.length < 2 || names.length > curveMarks.length) {
    throw new AppError('USAGE', `--compare takes 2 to ${curveMarks.length} runs, not ${names.length}.`);
  }
  const runs = await Promise.all(
    names.map(async (name) => {
      const { id, folder, config } = await findRun({ run: name });
      return { id, config, log: await readRunLog(runFiles(folder).log) };
    }),
  );
  const series = runs.map(({ log }, index) => {
    const evals = log.filter((line) => line.event === 'eval');
    const steps = log.filter((line) => line.event === 'step');
    const points =
      evals.length > 1
        ? evals.map(({ step, valLoss }) => [step, valLoss] as const)
        : averaged(steps.map(({ step, trainLoss }) => [step, trainLoss] as const));
    return { points, mark: curveMarks[index]!, evals, seconds: log.at(-1)?.seconds ?? 0 };
  });
  const width = Math.min(process.stdout.columns ?? 100, 120);
  const rows = runs.map(({ id, config }, index) => {
    const { evals, seconds } = series[index]!;
    const best = Math.min(...evals.map(({ valLoss }) => valLoss));
    const loss = Number.isFinite(best) ? best.toFixed(4) : '';
    return [curveMarks[index]!, id, config.recipe, String(config.seed), loss, seconds.toFixed(0)];
  });
  const chart = drawChart(series, { width, height: 20 });
  const table = formatTable(['', 'run', 'recipe', 'seed', 'best val loss', 'seconds'], rows, {
    alignRight: [3, 4, 5],
  });
  process.stdout.write(`${chart.join('\n')}\n${table}`);
  return 0;
}
