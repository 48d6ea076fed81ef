import { expect, test } from 'vitest';
import { scalarsOf } from './tensorboard.ts';

const at = { step: 3, epoch: 0.5, seconds: 1 };

test('a line of the log becomes its numbers; what has none becomes nothing', () => {
  const step = {
    event: 'step',
    ...at,
    trainLoss: 2,
    learningRate: 0.1,
    tokensPerSecond: 50,
    rss: 3 * 2 ** 20,
  } as const;
  expect(Object.fromEntries(scalarsOf(step))).toEqual({
    'loss/train': 2,
    'learning rate': 0.1,
    'speed/tokens per second': 50,
    'speed/resident megabytes': 3,
  });
  expect(Object.fromEntries(scalarsOf({ ...step, gradNorm: 4 }))).toMatchObject({ 'gradient norm': 4 });
  expect(scalarsOf({ event: 'eval', ...at, valLoss: 1.5, best: true })).toEqual([['loss/val', 1.5]]);
  expect(scalarsOf({ event: 'finish', ...at, reason: 'done' })).toEqual([]);
});
