import { expect, test } from 'vitest';
import type { Ask } from './ask.ts';
import { lastMoment } from './place.ts';
import { describeEnd, describeNearEnd, describePosition, describeRunning } from './words.ts';

const minute = 60_000;
const expiresAt = 15 * minute;
const ask = (place: object): Ask => ({
  userId: 'anna',
  guildId: 'home',
  channelId: 'general',
  engine: 'llama',
  request: { messages: [], sampling: {}, maxTokens: 100, systemPrompt: '', stop: [] },
  place: {
    kind: 'interaction',
    applicationId: '1',
    token: 't',
    expiresAt,
    private: false,
    ...place,
  } as Ask['place'],
});

test('an interaction’s end is told only where it matters, and only when it is near', () => {
  const near = (place: object, at: number) => describeNearEnd(ask(place), lastMoment(ask(place).place), at);
  const tokenOnly = { tokenOnly: true };
  expect(near(tokenOnly, 5 * minute)).toBe('');
  expect(near(tokenOnly, 12 * minute)).toContain('cut off in 2 min');
  expect(near(tokenOnly, 14 * minute - 5_000)).toContain('cut off in 5 s');
  expect(near({ private: true }, 13 * minute)).toContain('goes on in your direct messages in 2 min');
  expect(near({}, 14 * minute)).toBe('');
  expect(near({ kind: 'message' }, 14 * minute)).toBe('');
});

test('an answer that its token’s end cut off says how to go on', () => {
  expect(describeEnd('abort', ask({ tokenOnly: true }), 'expired')).toContain('Press Continue');
  expect(describeEnd('abort', ask({}), 'person')).toBe(' · stopped');
  expect(describeEnd('length', ask({}), 'person')).toBe(' · cut at 100 tokens');
});

test('who waits sees the place and an estimate; a slow engine says how long it may take', () => {
  expect(describePosition('llama', 1, 75)).toBe('⏳ place 2 in the queue for llama · about 2 min');
  expect(describePosition('llama', 0, undefined)).toBe('⏳ place 1 in the queue for llama');
  expect(describeRunning(ask({}), 40, 1)).toBe('llama · 40 tokens · 1.00 tokens/s · at most 1 min left');
  expect(describeRunning(ask({}), 40, 100)).toBe('llama · 40 tokens · 100 tokens/s');
});
