import { expect, test } from 'vitest';
import { ThreadGovernor } from './threads.ts';

/** Lets tokens take as long as `milliseconds` says; returns the share of tokens computed with `threads`. */
function share(governor: ThreadGovernor, threads: number, milliseconds: (threads: number) => number): number {
  let count = 0;
  for (let token = 0; token < 1000; token++) {
    if (governor.threads === threads) count++;
    governor.record(milliseconds(governor.threads));
  }
  return count / 1000;
}

const alone = (threads: number) => 8 / threads;
/** Somebody else has a core: two threads wait for each other. */
const crowded = (threads: number) => (threads === 2 ? 20 : 8);

test('takes all threads while that is fastest, and tries the other seldom', () => {
  expect(share(new ThreadGovernor(2), 2, alone)).toBeGreaterThan(0.95);
});

test('leaves a core free while others need it, and comes back', () => {
  const governor = new ThreadGovernor(2);
  expect(share(governor, 1, crowded)).toBeGreaterThan(0.95);
  expect(share(governor, 2, alone)).toBeGreaterThan(0.8);
  expect(share(governor, 1, crowded)).toBeGreaterThan(0.8);
});

test('one thread is one thread, and slow tokens are not tried with', () => {
  expect(share(new ThreadGovernor(1), 1, alone)).toBe(1);
  expect(share(new ThreadGovernor(8), 8, () => 1000)).toBe(1);
});
