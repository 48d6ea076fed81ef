import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import assembler from 'wabt';
import { assembled, FloatList } from './float-list.ts';

test('what runs is float-list.wat, assembled', async () => {
  const source = readFileSync(new URL('./float-list.wat', import.meta.url), 'utf8');
  const { buffer } = (await assembler()).parseWat('float-list.wat', source).toBinary({});
  // After a change of the source, what this wants is the new `assembled`.
  expect(assembled).toBe(Buffer.from(buffer).toString('base64'));
});

test('the next above is found wherever it stands; NaN and the bound itself are not above', () => {
  const list = new FloatList();
  const values = fc.float32Array({ maxLength: 100 });
  fc.assert(
    fc.property(values, fc.float(), fc.nat(100), (found, bound, from) => {
      const start = Math.min(from, found.length);
      list.set(found);
      const expected = found.findIndex((value, index) => index >= start && value > bound);
      expect(list.nextAbove(bound, start)).toBe(expected < 0 ? found.length : expected);
    }),
  );
});

test('a list longer than the memory so far has its room', () => {
  const list = new FloatList();
  for (const length of [10, 16_384, 16_385, 300_001, 5]) {
    const values = new Float32Array(length).fill(1);
    values[length - 1] = 2;
    list.set(values);
    expect(list.nextAbove(1, 0)).toBe(length - 1);
    expect(list.nextAbove(2, 0)).toBe(length);
  }
});
