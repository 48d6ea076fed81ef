import { expect, test } from 'vitest';
import { hostLimits } from './limits.ts';

test('without settings an engine is unloaded after ten minutes and has no memory limit', () => {
  expect(hostLimits({})).toEqual({ idleMs: 600_000 });
});

test('both limits come from the environment; 0 turns them off', () => {
  expect(hostLimits({ BABBLE_IDLE_MINUTES: '0.5', BABBLE_ENGINE_MEMORY_MB: '2048' })).toEqual({
    idleMs: 30_000,
    memoryLimitBytes: 2_147_483_648,
  });
  expect(hostLimits({ BABBLE_IDLE_MINUTES: '0', BABBLE_ENGINE_MEMORY_MB: '0' })).toEqual({ idleMs: 0 });
});

test.each([
  ['BABBLE_IDLE_MINUTES', 'ten'],
  ['BABBLE_IDLE_MINUTES', '-1'],
  ['BABBLE_IDLE_MINUTES', '1e9'],
  ['BABBLE_ENGINE_MEMORY_MB', 'NaN'],
])('%s=%s is refused by name', (name, value) => {
  expect(() => hostLimits({ [name]: value })).toThrow(`${name} is "${value}"`);
});
