import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import assembler from 'wabt';
import { assembled, largest } from './largest.ts';

/** Half of them of few values, so that many are equal. */
const lists = fc.oneof(
  fc.float32Array({ maxLength: 100 }),
  fc.array(fc.constantFrom(0, 1, 2, Number.NaN), { maxLength: 100 }).map((list) => Float32Array.from(list)),
);

function sorted(list: Float32Array): number[] {
  const usable = [...list.entries()].filter(([, logit]) => logit > Number.NEGATIVE_INFINITY);
  return usable.toSorted(([a, x], [b, y]) => (y > x ? 1 : y < x ? -1 : a - b)).map(([id]) => id);
}

test('the largest are what sorting gives; NaN and -Infinity are never among them', () => {
  fc.assert(
    fc.property(lists, fc.integer({ min: 1, max: 110 }), (list, count) => {
      expect([...largest(list, count)]).toEqual(sorted(list).slice(0, count));
    }),
  );
});

test('a vocabulary larger than any before has its room', () => {
  for (const length of [16_384, 16_385, 300_001, 5]) {
    const list = Float32Array.from({ length }, (_, id) => (id * 7919) % 10_007);
    expect([...largest(list, 300)]).toEqual(sorted(list).slice(0, 300));
  }
});

test('what runs is largest.wat, assembled', async () => {
  const source = readFileSync(new URL('./largest.wat', import.meta.url), 'utf8');
  const { buffer } = (await assembler()).parseWat('largest.wat', source).toBinary({});
  // After a change of the source, what this wants is the new `assembled`.
  expect(assembled).toBe(Buffer.from(buffer).toString('base64'));
});
