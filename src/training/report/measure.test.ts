import { expect, test } from 'vitest';
import type { OpenedModel, TokenPrediction } from '../task.ts';
import { measurePredictions } from './measure.ts';

/** Says what it is told to. */
function speaking(predictions: readonly { p: readonly number[]; target: number; position: number }[]) {
  const predict: OpenedModel['predict'] = (_split, { limit = predictions.length }, visit) => {
    for (const { p, target, position } of predictions.slice(0, limit)) {
      visit({ probabilities: Float32Array.from(p), target, position } satisfies TokenPrediction);
    }
  };
  return { predict };
}

test('losses, accuracy and calibration of four predictions', async () => {
  const sure = [0.75, 0.25];
  const model = speaking([
    { p: sure, target: 0, position: 0 },
    { p: sure, target: 1, position: 1 },
    { p: sure, target: 0, position: 0 },
    { p: [0.5, 0.5], target: 1, position: 1 },
  ]);
  const found = await measurePredictions(model, 'val');
  const losses = [0.75, 0.25, 0.75, 0.5].map((p) => -Math.log(p));
  const loss = losses.reduce((sum, one) => sum + one, 0) / 4;
  expect(found).toMatchObject({ tokens: 4, accuracy: 0.5 });
  expect(found.loss).toBeCloseTo(loss, 6);
  // Sure of 0.75 three times and right twice; of 0.5 once and wrong.
  expect(found.calibrationError).toBeCloseTo((3 * (0.75 - 2 / 3) + 0.5) / 4, 6);
  expect(found.reliability.map(({ count }) => count)).toEqual([1, 3]);
  expect(found.byPosition.map((at) => at.loss)).toEqual([
    expect.closeTo((losses[0]! + losses[2]!) / 2, 6),
    expect.closeTo((losses[1]! + losses[3]!) / 2, 6),
  ]);
  const units = [losses[0]! + losses[1]!, losses[2]! + losses[3]!];
  expect(found.standardError).toBeCloseTo(Math.hypot(units[0]! - 2 * loss, units[1]! - 2 * loss) / 4, 6);
});

test('only so many predictions as asked for', async () => {
  const model = speaking(Array.from({ length: 9 }, () => ({ p: [1, 0], target: 0, position: 0 })));
  expect(await measurePredictions(model, 'val', 5)).toMatchObject({
    tokens: 5,
    loss: 0,
    calibrationError: 0,
  });
});
