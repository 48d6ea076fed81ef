import { createCommand } from '../options.ts';
import { safeJson } from '../run-output.ts';
import { formatTable } from '../text-table.ts';
import { openForMeasuring } from '../training/open-model.ts';

interface EvalOptions {
  readonly data?: string;
  readonly json?: boolean;
}

/** nanoGPT draws 200 batches, thirty times the whole split; a few show how noisy its estimate is. */
const estimate = { batches: 8, seed: 1337 };

/** `babble eval`: the losses of a model's weights, measured now over whole splits. */
export async function run(args: readonly string[]): Promise<number> {
  const command = createCommand('eval', "Measure a model's loss over whole splits, in nats a token.")
    .argument('<model>', 'a model id, or the path of a model folder')
    .option('--data <file>', "a text of your own instead of the model's data")
    .option('--json', 'as JSON');
  command.parse(args, { from: 'user' });
  const [name] = command.args as [string];
  const options = command.opts<EvalOptions>();

  const { file, task, model: opened } = await openForMeasuring(name, options.data);
  using model = opened;
  const results = [];
  for (const split of task.splits) {
    const { loss, tokens } = await model.evaluate(split);
    const noisy = split === task.selectOn ? await model.estimate?.(split, estimate) : undefined;
    results.push({ split, loss, tokens, ...(noisy ? { estimate: noisy.loss } : {}) });
  }

  if (options.json) {
    const { parameterCount } = model;
    process.stdout.write(`${safeJson({ model: file.id, parameterCount, results })}\n`);
    return 0;
  }
  const withEstimate = results.some((result) => result.estimate !== undefined);
  const rows = results.map(({ split, loss, tokens, estimate: noisy }) => [
    split,
    loss.toFixed(4),
    Math.exp(loss).toFixed(3),
    String(tokens),
    ...(withEstimate ? [noisy?.toFixed(4) ?? ''] : []),
  ]);
  const heading = [
    'split',
    'loss',
    'perplexity',
    'tokens',
    ...(withEstimate ? ['random-batch estimate'] : []),
  ];
  process.stdout.write(`${file.id}: ${model.parameterCount} parameters\n`);
  process.stdout.write(formatTable(heading, rows, { alignRight: [1, 2, 3, 4] }));
  return 0;
}
