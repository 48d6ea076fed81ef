/** Starts a run in a process of its own and keeps it going: what the terminal command and the REPL both use. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AppError } from '../errors.ts';
import type { TrainingEvent, TrainingOutcome } from './events.ts';
import type { FromWorker, ToWorker } from './worker.ts';

export type { Progress, TrainingEvent, TrainingOutcome } from './events.ts';

export interface TrainOptions {
  /** A folder made by `createRun`; with a checkpoint in it, the run goes on from there. */
  readonly folder: string;
  /** Aborting stops the run after a checkpoint: the outcome is `interrupted`. */
  readonly signal: AbortSignal;
  /** Resident bytes above which the training process is renewed; absent: half as much again as at the start. */
  readonly memoryLimitBytes?: number;
  onEvent(event: TrainingEvent): void;
}

/** Crashes in a row without a step forward before the run is given up. */
const mostCrashes = 3;

/** A run under way. */
export interface Training {
  /** How it ended. @throws as `train` */
  readonly outcome: Promise<TrainingOutcome>;
  /**
   * Writes the model as it is, between two steps, into the run's folder, where the catalogue finds it by the run's
   * id. @returns the step it is of; undefined when the run ended first
   */
  snapshot(): Promise<number | undefined>;
}

/** Starts or goes on with a run. */
export function startTraining(options: TrainOptions): Training {
  const waiting = new Set<(step: number | undefined) => void>();
  const answer = (step: number | undefined) => {
    for (const resolve of waiting) resolve(step);
    waiting.clear();
  };
  const onEvent = (event: TrainingEvent) => {
    if (event.type === 'snapshot') answer(event.step);
    options.onEvent(event);
  };
  let send: (message: ToWorker) => void = () => {};
  let hasEnded = false;
  const outcome = trainToEnd({ ...options, onEvent }, (sendToProcess) => {
    send = sendToProcess;
    // Asked of a process that is gone.
    if (waiting.size > 0) send({ type: 'snapshot' });
  }).finally(() => {
    hasEnded = true;
    answer(undefined);
  });
  return {
    outcome,
    snapshot() {
      if (hasEnded) return Promise.resolve(undefined);
      const { promise, resolve } = Promise.withResolvers<number | undefined>();
      waiting.add(resolve);
      send({ type: 'snapshot' });
      return promise;
    },
  };
}

/**
 * Trains to the end. A training process that crashes or whose memory has grown is started again from its
 * checkpoint.
 * @throws AppError TRAINING_FAILED, CHECKPOINT_INVALID, DATASET_UNAVAILABLE, TENSORFLOW_UNAVAILABLE, FILE_*
 */
export function train(options: TrainOptions): Promise<TrainingOutcome> {
  return startTraining(options).outcome;
}

async function trainToEnd(
  options: TrainOptions,
  onProcess: (send: (message: ToWorker) => void) => void,
): Promise<TrainingOutcome> {
  let reached = 0;
  let crashes = 0;
  for (;;) {
    let saved = 0;
    const onEvent = (event: TrainingEvent) => {
      if (event.type === 'checkpoint') saved = event.step;
      options.onEvent(event);
    };
    const end = await trainOnce({ ...options, onEvent }, onProcess);
    switch (end.type) {
      case 'finished':
        return end.outcome;
      case 'failed':
        throw AppError.fromWire(end.error);
      case 'recycle':
        reached = end.step;
        crashes = 0;
        options.onEvent({ type: 'restarted', step: end.step, why: 'memory' });
        break;
      case 'crashed':
        crashes = saved > reached ? 1 : crashes + 1;
        reached = Math.max(reached, saved);
        // Ctrl+C may reach a process that is not yet ready for it.
        if (options.signal.aborted) return { reason: 'interrupted', step: reached };
        if (crashes >= mostCrashes) {
          throw new AppError('TRAINING_FAILED', `The training process ended by ${end.how}.`, {
            cause: new Error(end.lastWords),
            hint: `The last checkpoint is at step ${reached}: go on with --resume. If memory ran out, take a smaller batch.`,
          });
        }
        options.onEvent({ type: 'restarted', step: reached, why: 'crash' });
        break;
      default:
        end satisfies never;
    }
  }
}

interface Crashed {
  readonly type: 'crashed';
  readonly how: string;
  /** The end of what the process wrote to standard error. */
  readonly lastWords: string;
}

function trainOnce(
  options: TrainOptions,
  onProcess: (send: (message: ToWorker) => void) => void,
): Promise<Exclude<FromWorker, { type: 'event' }> | Crashed> {
  return new Promise((resolve) => {
    const child = forkWorker();
    const send = (message: ToWorker) => {
      if (child.connected) child.send(message);
    };
    const stop = () => send({ type: 'stop' });
    let last: Exclude<FromWorker, { type: 'event' }> | undefined;
    let lastWords = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      lastWords = (lastWords + text).slice(-4000);
    });
    child.on('message', (message: FromWorker) => {
      if (message.type === 'event') options.onEvent(message.event);
      else last = message;
    });
    child.on('error', (error) => {
      last = { type: 'failed', error: AppError.from(error, 'TRAINING_FAILED').toWire() };
    });
    // `close` comes after the last message, `exit` may not.
    child.on('close', (code, signal) => {
      options.signal.removeEventListener('abort', stop);
      resolve(last ?? { type: 'crashed', how: signal ?? `exit code ${code}`, lastWords });
    });
    options.signal.addEventListener('abort', stop, { once: true });
    const { folder, memoryLimitBytes } = options;
    send({ type: 'start', folder, ...(memoryLimitBytes === undefined ? {} : { memoryLimitBytes }) });
    if (options.signal.aborted) stop();
    onProcess(send);
  });
}

function forkWorker(): ChildProcess {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = fileURLToPath(new URL(`./worker.${extension}`, import.meta.url));
  return fork(worker, [], {
    // TensorFlow's and Node's notices are not for the person: they would tear the view apart.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}
