import { existsSync } from 'node:fs';
import path from 'node:path';
import { findRun, runFiles } from '../training/run-folder.ts';
import { type LogLine, readRunLog } from '../training/run-log.ts';
import type { LossCurve } from './picture.ts';

/** A line of more points than this is drawn by means of neighbours: single batches are noise. */
const mostPoints = 200;

/**
 * The losses of the run that made a model: from the log beside its weights, else from this person's newest
 * run of an engine of that name.
 * @throws AppError USAGE when there is neither, FILE_INVALID
 */
export async function readLossCurve(engine: string, model: { id: string; path: string }): Promise<LossCurve> {
  const shipped = path.join(model.path, 'log.jsonl');
  if (existsSync(shipped)) return lossCurve(`Loss of ${model.id}`, await readRunLog(shipped));
  const { id, folder } = await findRun({ model: engine });
  return lossCurve(`Loss of the run ${id}`, await readRunLog(runFiles(folder).log));
}

/** Train and validation loss by step, in nats a token. */
function lossCurve(title: string, lines: readonly LogLine[]): LossCurve {
  const train = lines.flatMap((line) =>
    line.event === 'step' ? [{ step: line.step, loss: line.trainLoss }] : [],
  );
  const val = lines.flatMap((line) =>
    line.event === 'eval' ? [{ step: line.step, loss: line.valLoss }] : [],
  );
  const series = [
    { name: 'train', points: averaged(train) },
    { name: 'val', points: val },
  ];
  return { type: 'curve', title, series: series.filter(({ points }) => points.length > 0) };
}

type Points = LossCurve['series'][number]['points'];

function averaged(points: Points): Points {
  const size = Math.ceil(points.length / mostPoints);
  if (size <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i) => {
    const part = points.slice(i * size, (i + 1) * size);
    const mean = (key: 'step' | 'loss') => part.reduce((sum, point) => sum + point[key], 0) / part.length;
    return { step: mean('step'), loss: mean('loss') };
  });
}
