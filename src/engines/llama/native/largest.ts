import { FloatList } from './float-list.ts';

const list = new FloatList();

/**
 * Ids of the `count` largest logits, largest first, equal ones in the order of their ids. NaN and -Infinity are
 * left out. Meant for a small `count`: it takes one pass, with an insertion for each that gets in.
 * @param logits (V)
 */
export function largest(logits: Float32Array, count: number): Int32Array {
  list.set(logits);
  const ids = new Int32Array(count);
  const values = new Float32Array(count);
  let size = 0;
  let least = Number.NEGATIVE_INFINITY;
  for (let id = list.nextAbove(least, 0); id < logits.length; id = list.nextAbove(least, id + 1)) {
    const logit = logits[id]!;
    let place = size < count ? size++ : count - 1;
    for (; place > 0 && values[place - 1]! < logit; place--) {
      values[place] = values[place - 1]!;
      ids[place] = ids[place - 1]!;
    }
    values[place] = logit;
    ids[place] = id;
    if (size === count) least = values[count - 1]!;
  }
  return ids.subarray(0, size);
}
