import { describe, expect, test } from 'vitest';
import type { Progress } from '../../training/client.ts';
import { describeTraining, trainingPanel, trainingStatus } from './chart.ts';
import { isUnderWay, type TrainingAction, type TrainingState, trainingReducer } from './state.ts';

const progress = (step: number): Progress => ({
  step,
  steps: 3000,
  progress: step / 3000,
  epoch: step / 100,
  trainLoss: 3 - step / 3000,
  learningRate: 0.1,
  tokensPerSecond: 12_345,
  secondsLeft: 75,
  rss: 1,
});
const reached = (...actions: TrainingAction[]): TrainingState =>
  actions.reduce<TrainingState | undefined>(trainingReducer, undefined)!;
const begin = { type: 'begin', id: 'mlp-best-1', model: 'mlp' } as const;
const told = (step: number): TrainingAction => ({
  type: 'event',
  event: { type: 'progress', ...progress(step) },
});
const evaluated: TrainingAction = {
  type: 'event',
  event: { type: 'eval', step: 10, split: 'val', valLoss: 2.5, best: true },
};

test('a run begins, trains, stops and ends', () => {
  expect(reached(begin).activity).toBe('starting');
  expect(reached(begin, told(1)).activity).toBe('training');
  expect(reached(begin, told(1), { type: 'stop' }, told(2)).activity).toBe('stopping');
  const stopped = reached(begin, told(1), { type: 'stop' }, { type: 'end', how: 'stopped', step: 7 });
  expect(stopped).toMatchObject({ activity: 'stopped', progress: { step: 7 } });
  expect(isUnderWay(stopped)).toBe(false);
  expect(reached(begin, { type: 'end', how: 'failed' }, { type: 'stop' }).activity).toBe('failed');
  expect(trainingReducer(undefined, told(1))).toBeUndefined();
});

test('a long run keeps a bounded curve, from its first step to its last', () => {
  const { train } = reached(begin, ...Array.from({ length: 2999 }, (_, step) => told(step + 1)));
  expect(train.length).toBeLessThanOrEqual(1000);
  expect(train[0]![0]).toBe(1);
  expect(train.at(-1)![0]).toBe(2999);
});

describe('what is shown', () => {
  const state = reached(begin, told(1500), evaluated);
  const plain = new Proxy({}, { get: () => '' }) as ReturnType<Parameters<typeof trainingPanel>[1]>;

  test('the status line has a few words, and none once the run has ended', () => {
    expect(trainingStatus(reached(begin))).toBe('training mlp');
    expect(trainingStatus(state)).toBe('training mlp 50%');
    expect(trainingStatus(reached(begin, told(1500), { type: 'stop' }))).toBe('stopping mlp 50%');
    expect(trainingStatus(reached(begin, { type: 'end', how: 'finished' }))).toBeUndefined();
  });

  test('a line tells step, losses, speed and time', () => {
    expect(describeTraining(state)).toBe(
      'step 1,500/3,000 · epoch 15.0 · loss 2.500 · held out 2.500 · 12,345 tokens/s · 1 min 15 s left',
    );
    expect(describeTraining(reached(begin))).toBe('starting');
  });

  test('the panel fills the same rows each time, none wider than the window, and goes where there is no room', () => {
    for (const shown of [reached(begin), state]) {
      const rows = trainingPanel(shown, () => plain).rows({ columns: 40, most: 30 });
      expect(rows).toHaveLength(10);
      expect(Math.max(...rows.map((row) => [...row].length))).toBeLessThan(40);
    }
    expect(trainingPanel(state, () => plain).rows({ columns: 40, most: 3 })).toEqual([]);
  });
});
