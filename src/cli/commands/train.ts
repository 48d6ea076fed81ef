import path from 'node:path';
import { AppError } from '../../errors.ts';
import { savePicture } from '../../pictures/index.ts';
import type { TrainingOutcome } from '../../training/events.ts';
import { copyResult } from '../../training/result.ts';
import { type RunRequest, resolveRunConfig } from '../../training/run-config.ts';
import { createRun, findRun } from '../../training/run-folder.ts';
import { loadTask } from '../../training/tasks.ts';
import { createCommand, decimal, integer } from '../options.ts';
import { formatTable } from '../text-table.ts';
import { compareAsPicture, compareAsText, readRuns } from '../training/compare.ts';
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
  readonly picture?: string;
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
    .option('--compare <run...>', 'overlay the loss curves of runs instead of training')
    .option('--picture <file>', 'with --compare: a .svg or .png instead of text');
  command.parse(args, { from: 'user' });
  const options = command.opts<TrainOptions>();
  const [model] = command.args;
  if (options.compare) return compare(options.compare, options.picture);

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

async function compare(names: readonly string[], picture: string | undefined): Promise<number> {
  const runs = await readRuns(names);
  if (picture === undefined) {
    process.stdout.write(compareAsText(runs, Math.min(process.stdout.columns ?? 100, 120)));
  } else {
    const file = await savePicture(compareAsPicture(runs), picture, { overwrite: true });
    process.stdout.write(`${file}\n`);
  }
  return 0;
}
