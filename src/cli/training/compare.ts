/** `babble train --compare`: the loss curves of several runs over each other, as text or as a picture. */
import { AppError } from '../../errors.ts';
import { drawChart } from '../../pictures/chart.ts';
import { drawLines, type Picture, palettes } from '../../pictures/index.ts';
import { findRun, runFiles } from '../../training/run-folder.ts';
import { type LogLine, readRunLog } from '../../training/run-log.ts';
import { formatTable } from '../text-table.ts';

interface ComparedRun {
  readonly id: string;
  readonly recipe: string;
  readonly seed: number;
  readonly seconds: number;
  /** Lowest validation loss; absent before the first evaluation. */
  readonly best?: number;
  /** The validation losses by step, or the training losses where there are too few of those. */
  readonly points: readonly (readonly [step: number, loss: number])[];
  readonly shows: 'val' | 'train';
}

const marks = ['a', 'b', 'c', 'd', 'e', 'f'];

/** @throws AppError USAGE for fewer than two runs, more than six, or one that is not there */
export async function readRuns(names: readonly string[]): Promise<ComparedRun[]> {
  if (names.length < 2 || names.length > marks.length) {
    throw new AppError('USAGE', `--compare takes 2 to ${marks.length} runs, not ${names.length}.`);
  }
  return Promise.all(
    names.map(async (name) => {
      const { id, folder, config } = await findRun({ run: name });
      const log = await readRunLog(runFiles(folder).log);
      return { id, recipe: config.recipe, seed: config.seed, ...curveOf(log) };
    }),
  );
}

function curveOf(log: readonly LogLine[]): Pick<ComparedRun, 'seconds' | 'best' | 'points' | 'shows'> {
  const evals = log.filter((line) => line.event === 'eval');
  const steps = log.filter((line) => line.event === 'step');
  const seconds = log.at(-1)?.seconds ?? 0;
  const best = evals.length > 0 ? { best: Math.min(...evals.map(({ valLoss }) => valLoss)) } : {};
  if (evals.length > 1) {
    return { seconds, ...best, shows: 'val', points: evals.map(({ step, valLoss }) => [step, valLoss]) };
  }
  const points = averaged(steps.map(({ step, trainLoss }) => [step, trainLoss] as const));
  return { seconds, ...best, shows: 'train', points };
}

/** At most 60 points, each the mean of its neighbours: single batches are too noisy to compare. */
function averaged(points: ComparedRun['points']): ComparedRun['points'] {
  const size = Math.ceil(points.length / 60);
  return Array.from({ length: Math.ceil(points.length / size) }, (_, index) => {
    const part = points.slice(index * size, (index + 1) * size);
    return [part.at(-1)![0], part.reduce((sum, [, loss]) => sum + loss, 0) / part.length] as const;
  });
}

/** @param width columns */
export function compareAsText(runs: readonly ComparedRun[], width: number): string {
  const series = runs.map(({ points }, index) => ({ points, mark: marks[index]! }));
  const chart = drawChart(series, { width, height: 20 });
  const rows = runs.map(({ id, recipe, seed, shows, best, seconds }, index) => [
    marks[index]!,
    id,
    recipe,
    String(seed),
    shows,
    best?.toFixed(4) ?? '',
    seconds.toFixed(0),
  ]);
  const heading = ['', 'run', 'recipe', 'seed', 'curve', 'best val loss', 'seconds'];
  return `${chart.join('\n')}\n${formatTable(heading, rows, { alignRight: [3, 5, 6] })}`;
}

export function compareAsPicture(runs: readonly ComparedRun[]): Picture {
  return drawLines(
    {
      title: 'Loss by step',
      description: runs
        .map(({ id, best }) => `${id}: best validation loss ${best?.toFixed(4) ?? 'not measured'}`)
        .join('; '),
      xLabel: 'step',
      series: runs.map(({ id, recipe, seed, shows, points }) => ({
        name: `${id} (${shows}, ${recipe}, seed ${seed})`,
        points,
      })),
    },
    { width: 960, palette: palettes.light },
  );
}
