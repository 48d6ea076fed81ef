import { Option } from 'commander';
import { findModel } from '../../catalogue/catalogue.ts';
import { AppError } from '../../errors.ts';
import type { TrainingOutcome } from '../../training/events.ts';
import { describeUnknown, type UnknownPolicy, unknownPolicies } from '../../training/finetune/characters.ts';
import { type PreparedFinetune, prepareFinetune } from '../../training/finetune/prepare.ts';
import { findRun, runFiles } from '../../training/run-folder.ts';
import { readRunLog } from '../../training/run-log.ts';
import { createCommand, decimal, integer } from '../options.ts';
import { formatTable } from '../text-table.ts';
import { followRun, interrupted } from '../training/follow.ts';
import { checkRequest, parseSetting } from '../training/request.ts';
import { chooseUnknownPolicy } from '../training/unknown.ts';

interface FinetuneOptions {
  readonly on?: string;
  readonly name?: string;
  readonly lora?: boolean;
  readonly rank?: number;
  readonly unknown?: UnknownPolicy;
  readonly seed?: number;
  readonly steps?: number;
  readonly minutes?: number;
  readonly lr?: number;
  readonly set?: readonly string[];
  readonly resume?: string | true;
  readonly checkpointSeconds?: number;
  readonly memoryLimit?: number;
  readonly samples?: false;
}

/** `babble finetune gpt --on my.txt`: a model of one's own, from one that is here and a text. */
export async function run(args: readonly string[]): Promise<number> {
  const command = createCommand(
    'finetune',
    'Train a model further on a text of your own. A tenth of the text is held out: training stops when the loss there no longer falls. The result joins `babble models`.',
  )
    .argument('[model]', 'what to start from: a toy model, shipped or your own')
    .option('--on <file>', 'your text; for models of names, one name a line')
    .option('--name <id>', "what to call the result; default: the model's and the file's names")
    .option('--lora', 'train a small adapter beside the model (gpt, tiny-llama) instead of all of it')
    .option('--rank <number>', 'with --lora: its width (default 8)', integer(1, 256))
    .addOption(
      new Option(
        '--unknown <policy>',
        'characters the model does not know: refuse the text, drop them, replace them by the nearest, or extend the model (default: ask; refuse without a terminal)',
      ).choices(unknownPolicies),
    )
    .option('--seed <number>', 'same seed, same machine: same result', integer(0, 2 ** 31 - 1))
    .option('--steps <number>', 'optimiser steps', integer(1))
    .option('--minutes <number>', 'train for so long instead: the schedule ends with it', decimal(0.001, 1e6))
    .option('--lr <number>', 'peak learning rate', decimal(1e-9, 1000))
    .option('--set <name=value...>', 'change hyper-parameters, as in --set batchSize=8 patience=5')
    .option('--resume [run]', 'go on with a run: by its id or folder, else the newest of the model')
    .option('--checkpoint-seconds <number>', 'time between checkpoints (default 30)', decimal(0, 1e6))
    .option('--memory-limit <MB>', 'renew the training process above this', decimal(1, 1e9))
    .option('--no-samples', 'show no samples at evaluations');
  command.parse(args, { from: 'user' });
  const options = command.opts<FinetuneOptions>();
  const [model] = command.args;

  const folder = options.resume ? await resumedRun(model, options) : await newRun(model, options);
  const outcome = await followRun(folder, { command: 'finetune', memoryLimit: options.memoryLimit });
  if (outcome.reason === 'interrupted') return interrupted;
  process.stdout.write(await describeOutcome(outcome, folder));
  return 0;
}

async function newRun(model: string | undefined, options: FinetuneOptions): Promise<string> {
  if (model === undefined || options.on === undefined) {
    throw new AppError('USAGE', '`babble finetune` needs a model and a text.', {
      hint: 'As in `babble finetune gpt --on my.txt`.',
    });
  }
  if (options.rank !== undefined && !options.lora) throw new AppError('USAGE', '--rank needs --lora.');
  const hyper = {
    ...(options.lr === undefined ? {} : { learningRate: options.lr }),
    ...(options.rank === undefined ? {} : { loraRank: options.rank }),
    ...Object.fromEntries((options.set ?? []).map(parseSetting)),
  };
  const settings = {
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.steps === undefined ? {} : { steps: options.steps }),
    ...(options.minutes === undefined ? {} : { minutes: options.minutes }),
    ...(options.checkpointSeconds === undefined ? {} : { checkpointSeconds: options.checkpointSeconds }),
    ...(options.samples === undefined ? {} : { samples: options.samples }),
    hyper,
  };
  const prepared = await prepareFinetune({
    base: (await findModel(model)).ref,
    on: options.on,
    lora: options.lora ?? false,
    ...(options.name === undefined ? {} : { name: options.name }),
    settings: checkRequest(settings, 'babble finetune'),
  });
  return prepared.create(options.unknown ?? (await policyFor(prepared)));
}

/** Asks when there is something to ask, and someone. */
async function policyFor({ unknown, policies }: PreparedFinetune): Promise<UnknownPolicy> {
  if (unknown.unknown === 0 || !process.stdin.isTTY || !process.stderr.isTTY) return 'refuse';
  process.stderr.write(`${describeUnknown(unknown)}\n`);
  return chooseUnknownPolicy(policies);
}

/** A run goes on as it was begun: its settings are in its folder. */
async function resumedRun(model: string | undefined, options: FinetuneOptions): Promise<string> {
  const settings = [
    'on',
    'name',
    'lora',
    'rank',
    'unknown',
    'seed',
    'steps',
    'minutes',
    'lr',
    'set',
  ] as const;
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
  return (await findRun({ run: options.resume === true ? undefined : options.resume, model })).folder;
}

async function describeOutcome({ reason, step, best, losses, modelFolder }: TrainingOutcome, folder: string) {
  const { id, config } = await findRun({ run: folder });
  const evaluations = (await readRunLog(runFiles(folder).log)).filter((line) => line.event === 'eval');
  const before = evaluations.find((line) => line.step === 0)?.valLoss;
  const rows = Object.entries(losses ?? {}).map(([split, loss]) => [
    split === 'val' ? 'held out' : split,
    split === 'val' ? (before?.toFixed(4) ?? '') : '',
    loss.toFixed(4),
  ]);
  const ended = reason === 'early-stop' ? 'Stopped early' : 'Done';
  const none = best?.step === 0 ? 'No step made the held-out loss better: the model is its base.\n' : '';
  return `${ended} at step ${step}; best step ${best?.step}.
${formatTable(['loss', config.finetune?.base ?? id, config.model], rows, { alignRight: [1, 2] })}${none}Model: ${modelFolder}
Talk to it: babble --engine ${(await findModel(config.model)).engine} --model ${config.model}
`;
}
