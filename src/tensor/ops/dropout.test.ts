import { beforeAll, expect, test } from 'vitest';
import { loadTensorFlow } from '../index.ts';
import { drawMask, residual } from './dropout.ts';
import { Eager } from './eager.ts';
import { Tape } from './tape.ts';

let e: Eager;
beforeAll(async () => {
  e = new Eager((await loadTensorFlow()).tf);
});

/** The mask of the `draw`-th dropout in a pass with a seed. */
const mask = ({ rate = 0.2, seed = 1, draw = 0 } = {}) =>
  e.scope(() => {
    const tape = new Tape(e, { dtype: 'float32', seed });
    for (let earlier = 0; earlier < draw; earlier++) tape.nextDraw();
    const { kept, scale } = drawMask(tape, [100, 333], rate)!;
    return { kept: e.read(kept), scale };
  });

test('drops at the rate asked for, and scales so that the mean stays', () => {
  for (const rate of [0.1, 0.2, 0.5]) {
    const { kept, scale } = mask({ rate });
    const share = kept.reduce((sum, value) => sum + value, 0) / kept.length;
    expect(kept).toHaveLength(33_300);
    expect(Math.abs(share - (1 - rate))).toBeLessThan(0.01);
    expect(Math.abs(share * scale - 1)).toBeLessThan(0.015);
  }
});

test('depends on seed and draw, and on nothing else', () => {
  const first = mask();
  mask({ seed: 9 });
  expect(mask()).toEqual(first);
  expect(mask({ seed: 2 })).not.toEqual(first);
  expect(mask({ draw: 1 })).not.toEqual(first);
});

test('the gradient is dropped where the value was', () => {
  e.scope(() => {
    const tape = new Tape(e, { dtype: 'float32', seed: 3 });
    const ones = () => tape.input(e.tensor(new Float32Array(64).fill(1), [8, 8]));
    const zeros = () => tape.input(e.tensor(new Float32Array(64), [8, 8]));
    const branch = ones();
    const stream = zeros();
    const sum = residual(tape, stream, branch, 0.5);
    const values = e.read(sum.value);
    tape.backward(sum, e.tensor(new Float32Array(64).fill(1), [8, 8]));
    expect(e.read(branch.grad!)).toEqual(values);
    expect(e.read(stream.grad!)).toEqual(new Float32Array(64).fill(1));
    expect(new Set(values)).toEqual(new Set([0, 2]));
  });
});

test('an evaluation drops nothing', () => {
  e.scope(() => {
    const tape = new Tape(e, { dtype: 'float32' });
    const x = tape.input(e.tensor(Float32Array.of(1, 2, 3, 4), [2, 2]));
    expect([...e.read(residual(tape, x, x, 0.9).value)]).toEqual([2, 4, 6, 8]);
  });
});
