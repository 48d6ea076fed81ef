/** All models that can be measured here, and n-gram baselines, on the same splits. */
import os from 'node:os';
import { type CatalogueModel, listModels } from '../../catalogue/catalogue.ts';
import { AppError } from '../../errors.ts';
import { readModelFile } from '../../formats/model-file.ts';
import { ngramBaseline, ngramOrders } from '../../training/baselines/ngram.ts';
import { loadDataset } from '../../training/datasets.ts';
import { type Measured, measurePredictions } from '../../training/report/measure.ts';
import type { DatasetName, OpenedModel, Split } from '../../training/task.ts';
import { loadTask } from '../../training/tasks.ts';
import { openForMeasuring } from '../training/open-model.ts';

export interface ReportEntry {
  readonly name: string;
  readonly kind: 'shipped' | 'own' | 'n-gram';
  /** Numbers learnt; n-grams stored. */
  readonly parameters: number;
  /** Bytes of the weights file; absent for n-grams, which are counted anew. */
  readonly bytes?: number;
  readonly losses: Readonly<Partial<Record<Split, Measured>>>;
  /** Drawn one text after the other, on this machine as it was; absent for n-grams. */
  readonly charactersPerSecond?: number;
  readonly samples: readonly string[];
  /** It saw the held-out splits in training. */
  readonly trainedOnAll?: boolean;
  /** Why it could not be measured. */
  readonly error?: string;
}

export interface ReportSection {
  readonly dataset: DatasetName;
  readonly splits: readonly Split[];
  /** Best loss in the last split first; those that could not be measured last. */
  readonly entries: readonly ReportEntry[];
  /** The n-gram order that was best in the first split, which is what chooses. */
  readonly bestOrder: number;
}

export interface Report {
  readonly createdAt: string;
  readonly machine: string;
  readonly seed: number;
  /** Predictions of each split that were measured; absent: all. */
  readonly limit?: number;
  readonly sections: readonly ReportSection[];
}

export interface CollectOptions {
  readonly seed: number;
  readonly limit?: number;
  /** Told what comes next. */
  onProgress(what: string): void;
}

/** `val` chooses what ships, so names are compared by their test split. */
const splitsOf: Readonly<Record<DatasetName, readonly Split[]>> = {
  names: ['val', 'test'],
  shakespeare: ['val'],
};
/** Texts shown, and texts drawn to measure the speed. */
const sampleCounts = { names: { shown: 12, timed: 300 }, shakespeare: { shown: 1, timed: 1 } } as const;

export async function collectReport(options: CollectOptions): Promise<Report> {
  const { seed, limit } = options;
  const models = await measurableModels();
  const sections: ReportSection[] = [];
  for (const dataset of ['names', 'shakespeare'] as const) {
    const measured: ReportEntry[] = [];
    for (const { model, task } of models) {
      if (task.dataset !== dataset) continue;
      options.onProgress(model.id);
      measured.push(await modelEntry(model, dataset, options));
    }
    const baselines = await ngramEntries(dataset, options);
    const [first] = splitsOf[dataset] as [Split];
    const best = baselines.reduce((a, b) => (a.losses[first]!.loss <= b.losses[first]!.loss ? a : b));
    const last = splitsOf[dataset].at(-1)!;
    const rank = ({ losses }: ReportEntry) => losses[last]?.loss ?? Number.POSITIVE_INFINITY;
    sections.push({
      dataset,
      splits: splitsOf[dataset],
      entries: [...measured, ...baselines].sort((a, b) => compare(rank(a), rank(b))),
      bestOrder: Number(best.name.split('-')[0]),
    });
  }
  const [cpu] = os.cpus();
  return {
    createdAt: new Date().toISOString(),
    machine: `${os.availableParallelism()} × ${cpu?.model.trim() ?? 'unknown processor'}, Node ${process.versions.node}`,
    seed,
    ...(limit === undefined ? {} : { limit }),
    sections,
  };
}

/** Safe for two infinities, whose difference is NaN. */
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Models whose engine trains here; GGUF and remote models have tokens of their own and are not compared. */
async function measurableModels() {
  const found = await Promise.all(
    (await listModels()).map(async (model) => {
      const task = await loadTask(model.engine).catch(() => undefined);
      return task ? [{ model, task }] : [];
    }),
  );
  return found.flat();
}

async function modelEntry(
  found: CatalogueModel,
  dataset: DatasetName,
  { seed, limit }: CollectOptions,
): Promise<ReportEntry> {
  const place = {
    name: found.id,
    kind: found.source,
    parameters: found.parameterCount,
  } as const;
  try {
    const opened = await openForMeasuring(found.path);
    using model = opened.model;
    const { weights, vocabulary } = await readModelFile(found.path);
    const expected = opened.task.describe(opened.dataset.text).vocabulary;
    if (vocabulary.join('\0') !== expected.join('\0')) {
      throw new AppError('FILE_INVALID', 'It has another vocabulary than these splits.');
    }
    return {
      ...place,
      bytes: weights.bytes,
      losses: await measureSplits(model, dataset, limit),
      ...(await timedSamples(model, dataset, seed)),
      trainedOnAll: !opened.task.splits.includes('val'),
    };
  } catch (error) {
    return { ...place, losses: {}, samples: [], error: AppError.from(error).message };
  }
}

async function ngramEntries(
  dataset: DatasetName,
  { seed, limit, onProgress }: CollectOptions,
): Promise<ReportEntry[]> {
  const { text } = await loadDataset(dataset);
  const entries: ReportEntry[] = [];
  for (const order of ngramOrders(dataset)) {
    const name = `${order}-gram`;
    onProgress(`${name} of ${dataset}`);
    const model = ngramBaseline(dataset, text, order);
    entries.push({
      name,
      kind: 'n-gram',
      parameters: model.size,
      losses: await measureSplits(model, dataset, limit),
      samples: model.sample({ count: sampleCounts[dataset].shown, seed }),
    });
  }
  return entries;
}

async function measureSplits(model: Pick<OpenedModel, 'predict'>, dataset: DatasetName, limit?: number) {
  const losses: Partial<Record<Split, Measured>> = {};
  for (const split of splitsOf[dataset]) losses[split] = await measurePredictions(model, split, limit);
  return losses;
}

async function timedSamples(model: Pick<OpenedModel, 'sample'>, dataset: DatasetName, seed: number) {
  const { shown, timed } = sampleCounts[dataset];
  // The first draw also warms up what the second one is timed by.
  const samples = await model.sample({ count: shown, seed });
  const begin = performance.now();
  const drawn = await model.sample({ count: timed, seed });
  const characters = drawn.reduce((sum, text) => sum + text.length + 1, 0);
  return { samples, charactersPerSecond: (characters * 1000) / (performance.now() - begin) };
}
