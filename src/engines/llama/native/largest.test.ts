import fc from 'fast-check';
import { expect, test } from 'vitest';
import { largest } from './largest.ts';

test('the largest are what sorting gives; NaN and -Infinity are never among them', () => {
  const lists = fc.float32Array({ maxLength: 40 });
  fc.assert(
    fc.property(lists, fc.integer({ min: 1, max: 50 }), (list, count) => {
      const usable = [...list.entries()].filter(([, logit]) => logit > Number.NEGATIVE_INFINITY);
      const sorted = usable.toSorted(([a, x], [b, y]) => (y > x ? 1 : y < x ? -1 : a - b));
      expect([...largest(list, count)]).toEqual(sorted.slice(0, count).map(([id]) => id));
    }),
  );
});
