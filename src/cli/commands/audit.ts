import { audit, type Overlap } from '../../training/audit/audit.ts';
import { createCommand, integer } from '../options.ts';
import { safeJson } from '../run-output.ts';
import { formatTable } from '../text-table.ts';
import { openForMeasuring } from '../training/open-model.ts';

interface AuditOptions {
  readonly samples?: number;
  readonly seed: number;
  readonly data?: string;
  readonly json?: boolean;
}

/** `babble audit`: how much of what a model writes it has learnt by heart. */
export async function run(args: readonly string[]): Promise<number> {
  const command = createCommand('audit', 'Tell how much of what a model writes stands in its training text.')
    .argument('<model>', 'a model id, or the path of a model folder')
    .option(
      '--samples <number>',
      'texts to draw (default 1000 names, or 16 passages of a text)',
      integer(1, 100_000),
    )
    .option('--seed <number>', 'same seed, same samples', integer(0, 2 ** 31 - 1), 1337)
    .option('--data <file>', 'the text it was trained on, when that is one of your own')
    .option('--json', 'as JSON');
  command.parse(args, { from: 'user' });
  const [name] = command.args as [string];
  const options = command.opts<AuditOptions>();

  const { file, task, dataset, model: opened } = await openForMeasuring(name, options.data);
  using model = opened;
  const count = options.samples ?? (task.dataset === 'names' ? 1000 : 16);
  const found = await audit(model, {
    dataset: task.dataset,
    text: dataset.text,
    trainedOnAll: !task.splits.includes('val'),
    count,
    seed: options.seed,
  });
  if (options.json) {
    process.stdout.write(`${safeJson({ model: file.id, seed: options.seed, count, ...found })}\n`);
    return 0;
  }

  const { unit, samples, heldOut, foundHeldOut } = found;
  const percent = (part: number) => `${(part * 100).toFixed(1)} %`;
  const row = (what: string, value: (overlap: Overlap) => string) => [
    what,
    value(samples),
    ...(heldOut ? [value(heldOut)] : []),
  ];
  const rows = [
    row(unit === 'name' ? 'names' : 'lines of 20 characters or more', ({ units }) => String(units)),
    row('different ones', ({ distinct }) => percent(distinct)),
    row('in the training text', ({ known }) => percent(known)),
    row('one edit away from it', ({ near }) => percent(near)),
    row('new', ({ fresh }) => percent(fresh)),
    row('longest passage from it, characters', ({ longest }) => String(longest)),
    row('the same, median of the texts', ({ medianLongest }) => String(medianLongest)),
  ];
  process.stdout.write(`${file.id}: ${count} samples at seed ${options.seed}\n`);
  process.stdout.write(
    formatTable(['', 'samples', ...(heldOut ? ['held-out text'] : [])], rows, { alignRight: [1, 2] }),
  );
  if (foundHeldOut !== undefined && unit === 'name') {
    process.stdout.write(`Real names it found by itself (held out in training): ${percent(foundHeldOut)}\n`);
  }
  process.stdout.write(`Longest passage: ${JSON.stringify(samples.longestText)}\n`);
  return 0;
}
