import { measurePredictions } from '../../training/report/measure.ts';
import type { OpenedModel, Split } from '../../training/task.ts';
import { createCommand, integer } from '../options.ts';
import { safeJson } from '../run-output.ts';
import { formatTable } from '../text-table.ts';
import { openForMeasuring } from '../training/open-model.ts';
import { describeSpread, type Spread, spreadOf } from '../training/spread.ts';

interface EvalOptions {
  readonly seeds?: number;
  readonly data?: string;
  readonly json?: boolean;
}

/** nanoGPT draws 200 batches, thirty times the whole split; a few show how noisy its estimate is. */
const batches = 8;
const firstSeed = 1337;

interface Result {
  readonly split: Split;
  readonly loss: number;
  readonly tokens: number;
  /** nanoGPT's estimate at one seed, of the split that chooses. */
  readonly estimate?: number;
  /** With --seeds: the loss's standard error over names or windows, and the estimate at several seeds. */
  readonly standardError?: number;
  readonly estimates?: Spread;
}

/** `babble eval`: the losses of a model's weights, measured now over whole splits. */
export async function run(args: readonly string[]): Promise<number> {
  const command = createCommand('eval', "Measure a model's loss over whole splits, in nats a token.")
    .argument('<model>', 'a model id, or the path of a model folder')
    .option(
      '--seeds <number>',
      'also the standard error, and how far random-batch estimates at so many seeds lie apart',
      integer(2, 100),
    )
    .option('--data <file>', "a text of your own instead of the model's data")
    .option('--json', 'as JSON');
  command.parse(args, { from: 'user' });
  const [name] = command.args as [string];
  const options = command.opts<EvalOptions>();

  const { file, task, model: opened } = await openForMeasuring(name, options.data);
  using model = opened;
  const results: Result[] = [];
  for (const split of task.splits) {
    const chooses = split === task.selectOn;
    results.push(await measureSplit(model, split, chooses, options.seeds));
  }

  if (options.json) {
    const { parameterCount } = model;
    process.stdout.write(`${safeJson({ model: file.id, parameterCount, results })}\n`);
    return 0;
  }
  process.stdout.write(`${file.id}: ${model.parameterCount} parameters\n${tableOf(results)}`);
  for (const { estimates } of results) {
    if (estimates) {
      process.stdout.write(
        `Random-batch estimates (${batches} × 64 windows): ${describeSpread(estimates)}\n`,
      );
    }
  }
  return 0;
}

async function measureSplit(
  model: OpenedModel,
  split: Split,
  chooses: boolean,
  seeds: number | undefined,
): Promise<Result> {
  const { loss, tokens } = await model.evaluate(split);
  const estimates: number[] = [];
  if (chooses && model.estimate) {
    for (let i = 0; i < (seeds ?? 1); i++) {
      estimates.push((await model.estimate(split, { batches, seed: firstSeed + i })).loss);
    }
  }
  const [estimate] = estimates;
  const { standardError } = seeds === undefined ? {} : await measurePredictions(model, split);
  return {
    split,
    loss,
    tokens,
    ...(estimate === undefined ? {} : { estimate }),
    ...(standardError === undefined ? {} : { standardError }),
    ...(estimates.length > 1 ? { estimates: spreadOf(estimates) } : {}),
  };
}

function tableOf(results: readonly Result[]): string {
  const columns: readonly { heading: string; cell: (result: Result) => string | undefined }[] = [
    { heading: 'split', cell: ({ split }) => split },
    { heading: 'loss', cell: ({ loss }) => loss.toFixed(4) },
    { heading: '±', cell: ({ standardError }) => standardError?.toFixed(4) },
    { heading: 'perplexity', cell: ({ loss }) => Math.exp(loss).toFixed(3) },
    { heading: 'tokens', cell: ({ tokens }) => String(tokens) },
    { heading: 'random-batch estimate', cell: ({ estimate }) => estimate?.toFixed(4) },
  ];
  const used = columns.filter(({ cell }) => results.some((result) => cell(result) !== undefined));
  return formatTable(
    used.map(({ heading }) => heading),
    results.map((result) => used.map(({ cell }) => cell(result) ?? '')),
    { alignRight: [1, 2, 3, 4, 5] },
  );
}
