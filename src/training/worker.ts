/**
 * A run in a process of its own, started by client.ts: a native crash or grown memory then costs a restart, not
 * the front end. Messages: see `ToWorker` and `FromWorker`.
 */
import path from 'node:path';
import { AppError, type WireError } from '../errors.ts';
import { loadTensorFlow, type TensorFlow } from '../tensor/index.ts';
import { Eager } from '../tensor/ops/eager.ts';
import { matMulSpeed } from '../tensor/ops/matmul-speed.ts';
import type { DType } from '../tensor/ops/runtime.ts';
import { loadDataset } from './datasets.ts';
import type { TrainingEvent, TrainingOutcome } from './events.ts';
import { publishModel } from './finetune/publish.ts';
import { trainLoop } from './loop.ts';
import { matMulLimit } from './matmul-limit.ts';
import { memoryWatch } from './memory-watch.ts';
import { writeResult, writeSnapshot } from './result.ts';
import { hyperParameters } from './run-config.ts';
import { lockRun, readRun, runFiles } from './run-folder.ts';
import { loadTaskOf } from './tasks.ts';
import { openEventFile } from './tensorboard.ts';

export type ToWorker =
  | { readonly type: 'start'; readonly folder: string; readonly memoryLimitBytes?: number }
  /** Write the model as it is, between two steps; the event `snapshot` answers. */
  | { readonly type: 'snapshot' }
  | { readonly type: 'stop' };

export type FromWorker =
  | { readonly type: 'event'; readonly event: TrainingEvent }
  | { readonly type: 'finished'; readonly outcome: TrainingOutcome }
  /** A checkpoint is written; start me again. */
  | { readonly type: 'recycle'; readonly step: number }
  | { readonly type: 'failed'; readonly error: WireError };

const stop = new AbortController();
let isSnapshotWanted = false;

process.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'start':
      void start(message);
      return;
    case 'snapshot':
      isSnapshotWanted = true;
      return;
    case 'stop':
      stop.abort();
      return;
    default:
      message satisfies never;
  }
});
// The front end decides what Ctrl+C means; without a front end the run stops with a checkpoint.
process.on('SIGINT', () => {});
process.on('disconnect', () => stop.abort());

async function start(message: Extract<ToWorker, { type: 'start' }>): Promise<void> {
  let last: FromWorker;
  try {
    last = await train(message);
  } catch (error) {
    last = { type: 'failed', error: AppError.from(error, 'TRAINING_FAILED').toWire() };
  }
  if (!process.connected) process.exit(0);
  // Exits even when native threads linger, once the last message is out.
  process.send?.(last, () => process.exit(0));
}

function tell(event: TrainingEvent): void {
  if (process.connected) process.send?.({ type: 'event', event } satisfies FromWorker);
}

async function train({
  folder,
  memoryLimitBytes,
}: Extract<ToWorker, { type: 'start' }>): Promise<FromWorker> {
  const config = await readRun(folder);
  using _lock = lockRun(folder);
  const task = await loadTaskOf(config);
  const dataset = await loadDataset(task.dataset, {
    ...(config.dataFile === undefined ? {} : { file: path.resolve(folder, config.dataFile) }),
    signal: stop.signal,
  });
  const { tf, backend, notice } = await loadTensorFlow();
  const { text } = dataset;
  const session = await task.start({ text, hyper: hyperParameters(config), seed: config.seed });
  const snapshot = async (step: number) => {
    await writeSnapshot({ task, folder, config, text, step, session });
    isSnapshotWanted = false;
    tell({ type: 'snapshot', step });
  };
  const limit =
    session.work && backend === 'native' ? await limitOf(tf, session.work.dtype as DType) : undefined;
  using events = openEventFile(tf, runFiles(folder).tensorboard);
  try {
    if (notice !== undefined) tell({ type: 'notice', text: notice });
    const { reason, state } = await trainLoop({
      task,
      session,
      folder,
      config,
      dataset: dataset.sha256,
      signal: stop.signal,
      shouldRecycle: memoryWatch(memoryLimitBytes),
      ...(limit === undefined ? {} : { matMulLimit: limit }),
      betweenSteps: async (step) => {
        if (isSnapshotWanted) await snapshot(step);
      },
      onLogLine: (line) => events.write(line),
      onEvent(event) {
        tell(event);
        // Whoever did not start the run can talk to its best so far.
        if (event.type === 'eval' && event.best) isSnapshotWanted = true;
      },
    });
    if (reason === 'recycle') return { type: 'recycle', step: state.step };
    // A run that is stopped can still be talked to.
    if (reason === 'interrupted') await snapshot(state.step);
    const best = state.best ?? undefined;
    const outcome = { reason, step: state.step, ...(best ? { best } : {}) };
    if (reason === 'interrupted' || !best) return { type: 'finished', outcome };
    const losses = await writeResult({ task, folder, config, text, bestStep: best.step });
    const modelFolder = config.finetune ? await publishModel(folder, config.model) : runFiles(folder).model;
    return { type: 'finished', outcome: { ...outcome, losses, modelFolder } };
  } finally {
    session[Symbol.dispose]();
  }
}

async function limitOf(tf: TensorFlow, dtype: DType): Promise<number> {
  return matMulLimit(dtype, () => matMulSpeed(new Eager(tf), dtype));
}
