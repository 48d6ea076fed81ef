import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readBest, readCheckpoint } from './checkpoint.ts';
import type { TrainingEvent } from './events.ts';
import { type LoopOutcome, trainLoop } from './loop.ts';
import { memoryWatch } from './memory-watch.ts';
import { derivedSeed } from './order.ts';
import { lockRun, runFiles } from './run-folder.ts';
import { readRunLog } from './run-log.ts';
import type { NamedArrays, TrainingSession } from './task.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'babble-loop-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/**
 * A line w x fitted to y = 3 x by noisy descent with momentum: small, but with everything that a checkpoint
 * must bring back. `valLoss` overrides the evaluation by step.
 */
class LineSession implements TrainingSession {
  readonly parameterCount = 1;
  readonly tokensPerStep = 1;
  readonly stepsPerEpoch = 10;
  steps = 0;
  #weight = Math.fround(0.1);
  #momentum = 0;
  readonly #valLoss: ((step: number, loss: number) => number) | undefined;
  readonly #onStep: ((step: number) => void) | undefined;

  constructor(
    options: { valLoss?: (step: number, loss: number) => number; onStep?: (step: number) => void } = {},
  ) {
    this.#valLoss = options.valLoss;
    this.#onStep = options.onStep;
  }

  step({ step, progress }: { step: number; progress: number }) {
    this.#onStep?.(step);
    const x = derivedSeed(5, step) / 2 ** 32;
    const error = (this.#weight - 3) * x;
    const learningRate = 0.1 * (1 - progress);
    this.#momentum = Math.fround(0.9 * this.#momentum + 2 * error * x);
    this.#weight = Math.fround(this.#weight - learningRate * this.#momentum);
    this.steps += 1;
    return { loss: error ** 2, learningRate };
  }
  evaluate() {
    const loss = (this.#weight - 3) ** 2;
    return { loss: this.#valLoss?.(this.steps, loss) ?? loss, tokens: 1 };
  }
  sample() {
    return [`${this.#weight}`];
  }
  weights(): NamedArrays {
    return new Map([['weight', { shape: [1], data: Float32Array.of(this.#weight) }]]);
  }
  state(): NamedArrays {
    return new Map([
      ['weight', { shape: [1], data: Float32Array.of(this.#weight) }],
      ['momentum', { shape: [1], data: Float32Array.of(this.#momentum) }],
      ['steps', { shape: [1], data: Int32Array.of(this.steps) }],
    ]);
  }
  restore(state: NamedArrays) {
    this.#weight = state.get('weight')!.data[0]!;
    this.#momentum = state.get('momentum')!.data[0]!;
    this.steps = state.get('steps')!.data[0]!;
  }
  [Symbol.dispose]() {}
}

interface LoopChanges {
  readonly folder?: string;
  readonly session?: LineSession;
  readonly hyper?: Readonly<Record<string, number>>;
  readonly signal?: AbortSignal;
  readonly dataset?: string;
  readonly minutes?: number;
  readonly shouldRecycle?: () => boolean;
  readonly onEvent?: (event: TrainingEvent) => void;
}

function run(changes: LoopChanges = {}): Promise<LoopOutcome> {
  const { minutes, shouldRecycle } = changes;
  return trainLoop({
    task: { selectOn: 'val' },
    session: changes.session ?? new LineSession(),
    folder: changes.folder ?? folder,
    config: {
      model: 'line',
      recipe: 'classic',
      seed: 1,
      ...(minutes === undefined ? {} : { minutes }),
      hyper: { steps: 100, evalEvery: 10, patience: 0, ...changes.hyper },
      checkpointSeconds: 1e9,
      samples: true,
      createdAt: '2026-01-01T00:00:00.000Z',
    },
    dataset: changes.dataset ?? 'sha',
    signal: changes.signal ?? new AbortController().signal,
    ...(shouldRecycle ? { shouldRecycle } : {}),
    onEvent: changes.onEvent ?? (() => {}),
  });
}

const logWithoutTimes = async (where: string) =>
  (await readRunLog(runFiles(where).log))
    .filter(({ event }) => event !== 'resume')
    .map((line) => ({ ...line, seconds: 0, tokensPerSecond: 0, rss: 0 }));

test('a run that was stopped at every seventh step ends like one that never was', async () => {
  const straight = path.join(folder, 'straight');
  const cut = path.join(folder, 'cut');
  await mkdir(straight);
  await mkdir(cut);
  await run({ folder: straight });

  let outcome: LoopOutcome;
  let parts = 0;
  do {
    const abort = new AbortController();
    let left = 7;
    const session = new LineSession({ onStep: () => --left === 0 && abort.abort() });
    outcome = await run({ folder: cut, session, signal: abort.signal });
    parts += 1;
  } while (outcome.reason === 'interrupted');

  expect(parts).toBeGreaterThan(10);
  const [a, b] = [await readCheckpoint(straight), await readCheckpoint(cut)];
  expect(b!.state).toEqual(a!.state);
  expect(b!.loop.best).toEqual(a!.loop.best);
  expect(await logWithoutTimes(cut)).toEqual(await logWithoutTimes(straight));
});

test('lines of steps that are done again leave the log', async () => {
  const abort = new AbortController();
  await run({
    session: new LineSession({ onStep: (step) => step === 24 && abort.abort() }),
    signal: abort.signal,
  });
  // A killed process has logged more than its last checkpoint knows, and perhaps half a line.
  const log = runFiles(folder).log;
  await writeFile(log, `${await readFile(log, 'utf8')}{"event":"step","step":26}\n{"event":"st`);
  await run();
  const steps = (await readRunLog(log)).filter(({ event }) => event === 'step').map(({ step }) => step);
  expect(steps).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
});

test('the best evaluation’s weights stay, and nothing of the others', async () => {
  const events: TrainingEvent[] = [];
  const valLoss = (step: number, loss: number) => (step === 40 ? -1 : loss);
  const { state } = await run({
    session: new LineSession({ valLoss }),
    onEvent: (event) => events.push(event),
  });
  expect(state.best).toEqual({ step: 40, loss: -1 });
  expect((await readdir(folder)).filter((name) => name.startsWith('best-'))).toEqual(['best-40.safetensors']);
  const sampled = events.find((event) => event.type === 'sample' && event.step === 40);
  const weight = (await readBest(folder, 40)).get('weight')!.data[0];
  expect(sampled).toMatchObject({ text: `${weight}` });
});

test('patience ends a run that gets no better', async () => {
  const valLoss = (step: number) => (step <= 30 ? 1 / step : 1);
  const outcome = await run({ session: new LineSession({ valLoss }), hyper: { patience: 3 } });
  expect(outcome).toMatchObject({ reason: 'early-stop', state: { step: 60, best: { step: 30 } } });
  // Started again it is still at its end.
  const again = await run({ session: new LineSession({ valLoss }), hyper: { patience: 3 } });
  expect(again).toMatchObject({ reason: 'early-stop', state: { step: 60 } });
});

test('a budget of minutes goes from progress 0 to the end of it, and evaluates there', async () => {
  const outcome = await run({ minutes: 0.01, hyper: { evalEvery: 0 } });
  expect(outcome.reason).toBe('done');
  expect(outcome.state.seconds).toBeGreaterThanOrEqual(0.6);
  const log = await readRunLog(runFiles(folder).log);
  expect(log.filter(({ event }) => event === 'eval').map(({ step }) => step)).toEqual([outcome.state.step]);
});

test('grown memory ends the process after a checkpoint', async () => {
  // A step that takes longer than a second would, without the wait: the loop asks once a second.
  const realNow = performance.now.bind(performance);
  let skipped = 0;
  performance.now = () => realNow() + skipped;
  try {
    const session = new LineSession({
      onStep: () => {
        skipped += 100;
      },
    });
    const outcome = await run({ session, shouldRecycle: () => true });
    expect(outcome.reason).toBe('recycle');
    expect((await readCheckpoint(folder))!.loop.step).toBe(outcome.state.step);
  } finally {
    performance.now = realNow;
  }
});

test('a loss that is not a number stops the run with advice', async () => {
  class Broken extends LineSession {
    override step() {
      return { loss: Number.NaN, learningRate: 7 };
    }
  }
  await expect(run({ session: new Broken() })).rejects.toMatchObject({
    code: 'TRAINING_FAILED',
    hint: expect.stringContaining('learning rate 7'),
  });
});

test('another text, or a damaged checkpoint, is refused', async () => {
  await run();
  await expect(run({ dataset: 'other' })).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
  await writeFile(runFiles(folder).checkpoint, 'damaged');
  await expect(run()).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
});

test('one process at a time holds a run', () => {
  const held = lockRun(folder, 0);
  expect(() => lockRun(folder, 0)).toThrow(/Another process is training/);
  held[Symbol.dispose]();
  lockRun(folder, 0)[Symbol.dispose]();
});

test('the memory watch takes the first minute as normal', () => {
  let [rss, seconds] = [1000 * 2 ** 20, 0];
  const due = memoryWatch(undefined, { rss: () => rss, seconds: () => seconds });
  for (let look = 0; look < 5; look++) expect(due()).toBe(false);
  seconds = 61;
  rss = 1900 * 2 ** 20;
  expect(due()).toBe(false);
  rss = 2100 * 2 ** 20;
  expect(due()).toBe(true);
  // Steps of two minutes each: the first look comes after the first minute, and says what is normal.
  seconds = 0;
  rss = 3000 * 2 ** 20;
  const slow = memoryWatch(undefined, { rss: () => rss, seconds: () => seconds });
  for (let step = 1; step <= 10; step++) {
    seconds = 120 * step;
    expect(slow()).toBe(false);
  }
  expect(memoryWatch(2000, { rss: () => 2001, seconds: () => 0 })()).toBe(true);
});
