/**
 * The training loop: steps, evaluations, early stop, checkpoints, log. It never looks inside a model. What it
 * does between steps (when it checkpoints, when it is cut and goes on) leaves no trace in the result.
 */
import { setImmediate } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import { type LoopState, readCheckpoint, removeBest, writeBest, writeCheckpoint } from './checkpoint.ts';
import type { TrainingEvent } from './events.ts';
import { hyperParameters, type RunConfig } from './run-config.ts';
import { runFiles } from './run-folder.ts';
import { type LogLine, openRunLog } from './run-log.ts';
import type { StepReport, Task, TrainingSession } from './task.ts';

export interface LoopInput {
  readonly task: Pick<Task, 'selectOn'>;
  readonly session: TrainingSession;
  readonly folder: string;
  readonly config: RunConfig;
  /** sha256 of the text trained on. */
  readonly dataset: string;
  /** Aborting writes a checkpoint and ends with `interrupted`. */
  readonly signal: AbortSignal;
  /** Asked about once a second: true writes a checkpoint and ends with `recycle`. */
  readonly shouldRecycle?: () => boolean;
  /** Called between steps, some times a second, and once before the first. */
  betweenSteps?(step: number): Promise<void>;
  /** Operations a second of the machine's matrix products, for the utilisation in progress events. */
  readonly matMulLimit?: number;
  /** Told every line of the run's log. */
  onLogLine?(line: LogLine): void;
  onEvent(event: TrainingEvent): void;
}

export interface LoopOutcome {
  readonly reason: 'done' | 'early-stop' | 'interrupted' | 'recycle';
  readonly state: LoopState;
}

const freshState = (dataset: string): LoopState => ({
  step: 0,
  seconds: 0,
  best: null,
  badEvaluations: 0,
  evaluatedAt: -1,
  pending: { sum: 0, count: 0 },
  logBytes: 0,
  dataset,
});

/**
 * Trains until the budget is spent, patience ends or the signal aborts; goes on from the folder's checkpoint
 * when there is one.
 * @throws AppError CHECKPOINT_INVALID, TRAINING_FAILED (a loss that is not a number)
 */
export async function trainLoop(input: LoopInput): Promise<LoopOutcome> {
  const { session, folder, config, signal, onEvent } = input;
  const { steps, evalEvery, patience } = hyperParameters(config);
  const budgetSeconds = config.minutes === undefined ? undefined : config.minutes * 60;
  const state = await restoreState(input);
  onEvent({
    type: 'ready',
    model: config.model,
    recipe: config.recipe,
    parameterCount: session.parameterCount,
    resumedAt: state.step,
  });
  using log = openRunLog(runFiles(folder).log, state.logBytes);

  const clock = startClock(state.seconds);
  const meter = startMeter(
    state,
    session,
    budgetSeconds === undefined ? steps : undefined,
    clock,
    input.matMulLimit,
  );
  const at = () => ({
    step: state.step,
    epoch: state.step / session.stepsPerEpoch,
    seconds: clock.seconds(),
  });
  const write = (line: LogLine) => {
    log.append(line);
    input.onLogLine?.(line);
  };
  if (state.step > 0) write({ event: 'resume', ...at() });
  // About a thousand lines a run; under a budget of minutes, about one a second.
  const logEvery = budgetSeconds === undefined ? Math.ceil(steps / 1000) : undefined;

  const saveCheckpoint = async () => {
    state.seconds = clock.seconds();
    state.logBytes = log.bytes;
    await writeCheckpoint(folder, state, session.state());
    clock.checkpointed();
    onEvent({ type: 'checkpoint', step: state.step });
  };

  const evaluate = async () => {
    const { loss } = await clock.pause(() => session.evaluate(input.task.selectOn));
    const old = state.best;
    const best = old === null || loss < old.loss;
    state.evaluatedAt = state.step;
    state.badEvaluations = best ? 0 : state.badEvaluations + 1;
    write({ event: 'eval', ...at(), valLoss: loss, best });
    onEvent({ type: 'eval', step: state.step, split: input.task.selectOn, valLoss: loss, best });
    if (config.samples) {
      const seed = config.seed + state.step;
      const texts = await clock.pause(() => session.sample({ count: 5, seed }));
      const text = texts.join('\n');
      write({ event: 'sample', ...at(), text });
      onEvent({ type: 'sample', step: state.step, text });
    }
    if (!best) return;
    // First the new weights, then the checkpoint that names them, then the old ones may go.
    state.best = { step: state.step, loss };
    await writeBest(folder, state.step, session.weights());
    await saveCheckpoint();
    if (old) await removeBest(folder, old.step);
  };

  await input.betweenSteps?.(state.step);
  for (;;) {
    const progress = budgetSeconds === undefined ? state.step / steps : clock.seconds() / budgetSeconds;
    const finished = progress >= 1;
    // A fine-tune is measured before its first step too: it may be that no step makes the base better.
    const start = config.finetune ? 0 : 1;
    const due = finished || (state.step >= start && evalEvery > 0 && state.step % evalEvery === 0);
    if (due && state.evaluatedAt !== state.step) await evaluate();
    const stopped = patience > 0 && state.badEvaluations >= patience;
    if (finished || stopped) {
      const reason = stopped ? 'early-stop' : 'done';
      write({ event: 'finish', ...at(), reason });
      await saveCheckpoint();
      return { reason, state };
    }
    if (signal.aborted) {
      await saveCheckpoint();
      return { reason: 'interrupted', state };
    }
    if (clock.sinceCheckpoint() >= config.checkpointSeconds) await saveCheckpoint();

    const pending = session.step({ step: state.step, progress });
    const report = pending instanceof Promise ? await pending : pending;
    checkFinite(report, state.step);
    state.step++;
    state.pending.sum += report.loss;
    state.pending.count++;
    meter.count(report.loss);
    if (logEvery === undefined ? clock.sinceLog() >= 1 : state.step % logEvery === 0) {
      const { learningRate, gradNorm } = report;
      write({
        event: 'step',
        ...at(),
        trainLoss: state.pending.sum / state.pending.count,
        learningRate,
        ...(gradNorm === undefined ? {} : { gradNorm }),
        tokensPerSecond: meter.tokensPerSecond(),
        rss: process.memoryUsage.rss(),
      });
      state.pending = { sum: 0, count: 0 };
      clock.logged();
    }
    if (clock.sinceBreath() >= 0.1) {
      onEvent(
        meter.progress(
          report,
          budgetSeconds === undefined ? state.step / steps : clock.seconds() / budgetSeconds,
        ),
      );
      // Signals and messages arrive only when the event loop turns.
      await setImmediate();
      await clock.pause(() => input.betweenSteps?.(state.step));
      clock.breathed();
      if (clock.recycleDue() && input.shouldRecycle?.()) {
        await saveCheckpoint();
        return { reason: 'recycle', state };
      }
    }
  }
}

async function restoreState({ session, folder, dataset }: LoopInput): Promise<LoopState> {
  const checkpoint = await readCheckpoint(folder);
  if (!checkpoint) return freshState(dataset);
  if (checkpoint.loop.dataset !== dataset) {
    throw new AppError(
      'CHECKPOINT_INVALID',
      `The run was trained on a text with sha256 ${checkpoint.loop.dataset}; the text now has ${dataset}.`,
      { hint: 'Bring the old text back, or start a new run.' },
    );
  }
  session.restore(checkpoint.state);
  return checkpoint.loop;
}

function checkFinite({ loss, learningRate }: StepReport, step: number): void {
  if (Number.isFinite(loss)) return;
  throw new AppError('TRAINING_FAILED', `The loss of step ${step} is ${loss}.`, {
    hint: `The learning rate ${learningRate} may be too high: try a lower one with --set.`,
  });
}

/** Wall-clock time of the whole run, and of the things done now and then. */
function startClock(before: number) {
  const now = () => performance.now() / 1000;
  const start = now() - before;
  let checkpoint = now();
  let log = now();
  let breath = now();
  let recycle = now();
  let paused = 0;
  return {
    seconds: () => now() - start,
    /** Seconds spent on steps, without evaluations. */
    trainingSeconds: () => now() - start - before - paused,
    sinceCheckpoint: () => now() - checkpoint,
    sinceLog: () => now() - log,
    sinceBreath: () => now() - breath,
    checkpointed: () => {
      checkpoint = now();
    },
    logged: () => {
      log = now();
    },
    breathed: () => {
      breath = now();
    },
    recycleDue: () => {
      if (now() - recycle < 1) return false;
      recycle = now();
      return true;
    },
    async pause<T>(work: () => T | Promise<T>): Promise<T> {
      const begin = now();
      const result = await work();
      paused += now() - begin;
      return result;
    },
  };
}

/** Speed and mean loss for the person who watches. */
function startMeter(
  state: LoopState,
  session: TrainingSession,
  steps: number | undefined,
  clock: ReturnType<typeof startClock>,
  matMulLimit: number | undefined,
) {
  // The speed is that of the last seconds: two marks, the older one moves up when the newer one is 5 s old.
  let older = { step: state.step, seconds: clock.trainingSeconds() };
  let newer = older;
  let sum = 0;
  let count = 0;
  const tokensPerSecond = () => {
    const seconds = clock.trainingSeconds();
    if (seconds - newer.seconds > 5) {
      older = newer;
      newer = { step: state.step, seconds };
    }
    return ((state.step - older.step) * session.tokensPerStep) / Math.max(seconds - older.seconds, 1e-9);
  };
  return {
    tokensPerSecond,
    count(loss: number) {
      sum += loss;
      count++;
    },
    progress({ learningRate, gradNorm }: StepReport, progress: number): TrainingEvent {
      const speed = tokensPerSecond();
      const seconds = clock.seconds();
      const trainLoss = sum / count;
      sum = 0;
      count = 0;
      return {
        type: 'progress',
        step: state.step,
        ...(steps === undefined ? {} : { steps }),
        progress: Math.min(progress, 1),
        epoch: state.step / session.stepsPerEpoch,
        trainLoss,
        learningRate,
        ...(gradNorm === undefined ? {} : { gradNorm }),
        tokensPerSecond: speed,
        ...(matMulLimit === undefined || !session.work
          ? {}
          : { utilisation: (speed * session.work.flopsPerToken) / matMulLimit }),
        // From the whole run so far, so that evaluations are part of it.
        secondsLeft: progress > 0 ? (seconds / progress) * (1 - progress) : Number.POSITIVE_INFINITY,
        rss: process.memoryUsage.rss(),
      };
    },
  };
}
