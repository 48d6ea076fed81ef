import { beforeAll, expect, test } from 'vitest';
import { loadTensorFlow } from '../index.ts';
import { applyMask, drawMask } from './dropout.ts';
import { Eager } from './eager.ts';
import { Graph } from './graph.ts';
import type { Handle } from './runtime.ts';
import { Tape } from './tape.ts';

let e: Eager;
beforeAll(async () => {
  e = new Eager((await loadTensorFlow()).tf);
});

const column = (...values: number[]) => e.tensor(Float32Array.from(values), [values.length, 1]);

test('a graph gives for new inputs what the operations give', () => {
  e.scope(() => {
    const weights = e.tensor(Float32Array.of(1, 2, 3, 4), [2, 2]); // a constant of the graph
    const body = (a: Handle, b: Handle) => [
      e.matMul(weights, a),
      e.sum(e.mul(a, b), [0]),
      e.cast(e.op('Less', [a, b], { T: 'float32' }), 'float32'),
    ];
    const [a, b] = [column(1, 2), column(3, -1)];
    using graph = new Graph(e, [a, b], () => body(a, b));
    const [c, d] = [column(-5, 0.5), column(2, 0.25)];
    const results = graph.run([c, d]);
    expect(results.map((result) => [...e.read(result)])).toEqual([[-4, -13], [-9.875], [1, 0]]);
    expect(results.map(({ shape }) => shape)).toEqual([[2, 1], [1], [2, 1]]);
    expect(results.map((result) => e.read(result))).toEqual(body(c, d).map((result) => e.read(result)));
  });
});

test('dropout in a graph follows the seed that it is given, as outside', () => {
  const masked = (seed: number | Handle) => {
    const tape = new Tape(e, { dtype: 'float32', seed });
    const ones = e.op('Fill', [e.ints([40]), e.scalar(1)], { T: 'float32', index_type: 'int32' });
    return applyMask(e, ones, drawMask(tape, [40], 0.5)!);
  };
  const seedOf = (seed: number) => e.tensor(Int32Array.of(seed), [1]);
  e.scope(() => {
    const first = seedOf(1);
    using graph = new Graph(e, [first], () => [masked(first)]);
    const draws = [1, 2].map((seed) => e.read(graph.run([seedOf(seed)])[0]!));
    expect(draws).toEqual([1, 2].map((seed) => e.read(masked(seed))));
    expect(draws[0]).not.toEqual(draws[1]);
  });
});

test('runs leave no tensor behind; a wrong input is an error', () => {
  const input = e.keepForever(column(1, 2));
  using graph = new Graph(e, [input], () => [e.add(input, input)]);
  const before = e.numHandles;
  for (let i = 0; i < 50; i++) e.scope(() => graph.run([input]));
  expect(e.numHandles).toBe(before);
  expect(() => e.scope(() => graph.run([e.ints([1])]))).toThrow(/int32/);
  expect(() => e.scope(() => graph.run([]))).toThrow();
  e.free(input);
});
