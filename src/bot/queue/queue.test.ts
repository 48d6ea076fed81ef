import { expect, test } from 'vitest';
import { AnswerQueue, type QueueLimits } from './queue.ts';
import type { QueueRequest } from './types.ts';

const limits: QueueLimits = { slots: 1, waiting: 3, perUser: 2, perGuild: 4, cooldownMs: 0 };
const ask = (userId: string, more: Partial<QueueRequest> = {}): QueueRequest => ({
  engine: 'mlp',
  userId,
  guildId: 'home',
  signal: new AbortController().signal,
  ...more,
});

test('people take turns: one who asks twice waits behind one who asks once', async () => {
  const queue = new AnswerQueue(limits);
  const order: string[] = [];
  const run = async (name: string, userId: string) => {
    using _slot = await queue.enter(ask(userId));
    order.push(name);
    await new Promise(setImmediate);
  };
  await Promise.all([run('anna 1', 'anna'), run('anna 2', 'anna'), run('ben 1', 'ben')]);
  expect(order).toEqual(['anna 1', 'ben 1', 'anna 2']);
  expect(queue.size).toEqual({ running: 0, waiting: 0 });
});

test('a waiting request is told its place as it moves up', async () => {
  const queue = new AnswerQueue(limits);
  const places: number[] = [];
  const first = await queue.enter(ask('anna'));
  const second = queue.enter(ask('ben'));
  const third = queue.enter(ask('carl', { onPosition: (place) => places.push(place) }));
  first[Symbol.dispose]();
  (await second)[Symbol.dispose]();
  await third;
  expect(places).toEqual([1, 0]);
});

test.each([
  ['a person', ['anna', 'anna', 'anna'], 'You already have 2'],
  ['a waiting room', ['a', 'b', 'c', 'd', 'e'], '3 requests already wait'],
])('beyond the limit of %s a request is refused at once', async (_, users, message) => {
  const queue = new AnswerQueue({ ...limits, perGuild: 100 });
  const last = users.at(-1)!;
  await queue.enter(ask(users[0]!));
  for (const user of users.slice(1, -1)) void queue.enter(ask(user));
  await expect(queue.enter(ask(last))).rejects.toMatchObject({
    code: 'QUEUE_FULL',
    message: expect.stringContaining(message),
  });
});

test('a server has its own limit, which direct messages do not touch', async () => {
  const queue = new AnswerQueue({ ...limits, slots: 10 });
  for (const user of ['a', 'b', 'c', 'd']) await queue.enter(ask(user));
  await expect(queue.enter(ask('e'))).rejects.toMatchObject({ code: 'QUEUE_FULL' });
  const { guildId: _, ...direct } = ask('e');
  await queue.enter(direct);
});

test('the cooldown names the seconds left', async () => {
  let now = 0;
  const queue = new AnswerQueue({ ...limits, cooldownMs: 5_000 }, () => now);
  (await queue.enter(ask('anna')))[Symbol.dispose]();
  now = 1_000;
  await expect(queue.enter(ask('anna'))).rejects.toMatchObject({
    code: 'QUEUE_COOLDOWN',
    message: expect.stringContaining('4 s'),
  });
  now = 5_000;
  await queue.enter(ask('anna'));
});

test('one who leaves the line frees the place', async () => {
  const queue = new AnswerQueue(limits);
  await queue.enter(ask('anna'));
  const abort = new AbortController();
  const waiting = queue.enter(ask('ben', { signal: abort.signal }));
  abort.abort(new Error('no longer'));
  await expect(waiting).rejects.toThrow('no longer');
  expect(queue.size).toEqual({ running: 1, waiting: 0 });
});

test('engines have slots of their own', async () => {
  const queue = new AnswerQueue(limits);
  await queue.enter(ask('anna'));
  await queue.enter(ask('anna', { engine: 'gpt' }));
  expect(queue.size).toEqual({ running: 2, waiting: 0 });
});

test('whoever has a slot has it alone: numbers are given out again only when they are free', async () => {
  const queue = new AnswerQueue({ ...limits, slots: 2 });
  const first = await queue.enter(ask('anna'));
  const second = await queue.enter(ask('ben'));
  const third = queue.enter(ask('carl'));
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  expect([first.number, second.number, (await third).number]).toEqual([0, 1, 0]);
  expect(queue.size).toEqual({ running: 2, waiting: 0 });
});
