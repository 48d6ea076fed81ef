import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../errors.ts';
import { writeFileAtomic } from '../../formats/atomic-write.ts';
import { toSvg } from '../../pictures/index.ts';
import { createCommand, integer } from '../options.ts';
import { collectReport } from '../report/collect.ts';
import { describeReport } from '../report/content.ts';
import { toHtml } from '../report/html.ts';
import { toMarkdown } from '../report/markdown.ts';

interface ReportOptions {
  readonly quick?: boolean;
  readonly seed: number;
  readonly out: string;
}

/** Predictions of each split that a quick report measures. */
const quickLimit = 8192;

/** `babble report`: every model that trains here, beside n-gram baselines, on one page. */
export async function run(args: readonly string[]): Promise<number> {
  const command = createCommand(
    'report',
    'Put your models and the shipped ones side by side: a page with pictures, and the same as Markdown.',
  )
    .option('--quick', `measure the first ${quickLimit} predictions of each split only`)
    .option('--seed <number>', 'of the samples', integer(0, 2 ** 31 - 1), 1337)
    .option('-o, --out <folder>', 'folder to write to', 'babble-report');
  command.parse(args, { from: 'user' });
  const options = command.opts<ReportOptions>();

  const report = await collectReport({
    seed: options.seed,
    ...(options.quick ? { limit: quickLimit } : {}),
    onProgress: (what) => process.stderr.write(`measuring ${what} …\n`),
  });
  const content = describeReport(report);
  const folder = path.resolve(options.out);
  const pictureFile = (id: string) => `${id}.svg`;
  const files = [
    ['report.html', toHtml(content)],
    ['report.md', toMarkdown(content, pictureFile)],
    ['report.json', `${JSON.stringify(report, null, 2)}\n`],
    ...content.sections
      .flatMap(({ pictures }) => pictures)
      .map(({ id, picture }) => [pictureFile(id), toSvg(picture)] as const),
  ] as const;
  try {
    await mkdir(folder, { recursive: true });
    for (const [name, text] of files) await writeFileAtomic(path.join(folder, name), text);
  } catch (cause) {
    throw new AppError('USAGE', `The report cannot be written to ${folder}: ${(cause as Error).message}.`, {
      cause,
      hint: 'Name another folder with --out.',
    });
  }
  process.stdout.write(`${path.join(folder, 'report.html')}\n${path.join(folder, 'report.md')}\n`);
  return 0;
}
