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
  const governor = new ThreadGovernor(2);
  expect(share(governor, 2, alone)).toBeGreaterThan(0.99);
  expect(share(governor, 2, alone)).toBeGreaterThan(0.998);
});

test('leaves a core free while others need it, and comes back', () => {
  const governor = new ThreadGovernor(2);
  expect(share(governor, 1, crowded)).toBeGreaterThan(0.95);
  expect(share(governor, 2, alone)).toBeGreaterThan(0.8);
  expect(share(governor, 1, crowded)).toBeGreaterThan(0.8);
});

test('two threads that are fast only every other time are left', () => {
  let token = 0;
  const uneven = (threads: number) => (threads === 2 ? (token++ % 2 === 0 ? 5 : 20) : 6);
  expect(share(new ThreadGovernor(2), 1, uneven)).toBeGreaterThan(0.9);
});

test('prompts take all threads unless they suffer too, for a while', () => {
  const governor = new ThreadGovernor(2);
  expect(governor.promptThreads).toBe(2);
  share(governor, 1, crowded);
  governor.recordPrompt(100, 50);
  expect(governor.promptThreads).toBe(2);
  governor.recordPrompt(100, 2);
  expect(governor.promptThreads).toBe(2);
  governor.recordPrompt(1000, 50);
  expect(governor.promptThreads).toBe(1);
  share(governor, 2, alone);
  expect(governor.promptThreads).toBe(2);
  share(governor, 1, crowded);
  expect(governor.promptThreads).toBe(1);
  // Tried again after some batches.
  for (let batch = 0; batch < 8; batch++) governor.recordPrompt(400, 50);
  expect(governor.promptThreads).toBe(2);
});

test('a moment of trouble does not last', () => {
  const governor = new ThreadGovernor(2);
  share(governor, 2, alone);
  for (const _ of [1, 2, 3]) governor.record(500);
  expect(share(governor, 2, alone)).toBeGreaterThan(0.85);
});

test('a small model whose tokens take seconds is in trouble', () => {
  const starved = (threads: number) => (threads === 2 ? 2500 : 9);
  expect(share(new ThreadGovernor(2, 135e6), 1, starved)).toBeGreaterThan(0.95);
  expect(share(new ThreadGovernor(2, 65e9), 2, starved)).toBe(1);
});

test('one thread is one thread, and slow tokens are not tried with', () => {
  expect(share(new ThreadGovernor(1), 1, alone)).toBe(1);
  expect(share(new ThreadGovernor(8), 8, () => 1000)).toBe(1);
});
