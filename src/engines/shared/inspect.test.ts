import { expect, it } from 'vitest';
import { similarityReport } from './inspect.ts';

it('similarityReport gives cosines, negative ones as 0, for vectors of any length', () => {
  const vectors = Float32Array.of(1, 0, 10, 0, 3, 3, -1, 0, 0, 0); // five vectors of two numbers
  const report = similarityReport('', ['a', 'b', 'c', 'd', 'e'], vectors);
  if (report.type !== 'matrix') throw new Error(report.type);
  const half = Math.fround(Math.SQRT1_2);
  expect([...report.values.slice(0, 5)]).toEqual([1, 1, half, 0, 0]);
  expect(report.values[24]).toBe(0);
});
