import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { AnswerQueue } from './queue.ts';
import { SharedQueue, serveQueue } from './shared.ts';

const limits = { slots: 1, waiting: 3, perUser: 2, perGuild: 4, cooldownMs: 0 };
const ask = (userId: string, more: object = {}) => ({
  engine: 'mlp',
  userId,
  signal: new AbortController().signal,
  ...more,
});

/** Both ends of a process channel: every message arrives later, as a copy. */
function channel() {
  const parent = new EventEmitter();
  const child = new EventEmitter();
  const toward = (end: EventEmitter) => (message: unknown) => {
    setImmediate(() => end.emit('message', structuredClone(message)));
    return true;
  };
  const shard = Object.assign(parent, { connected: true, send: toward(child) });
  return {
    shard: shard as unknown as ChildProcess,
    process: Object.assign(child, { send: toward(parent) }) as never,
    die: () => {
      shard.connected = false;
      parent.emit('exit', null);
      child.emit('disconnect');
    },
  };
}

function open(queue: AnswerQueue) {
  const { shard, process, die } = channel();
  serveQueue(queue, shard);
  return { queue: new SharedQueue(process), die };
}

test('shards take turns and meet one limit', async () => {
  const queue = new AnswerQueue(limits);
  const [one, two] = [open(queue), open(queue)];
  const first = await one.queue.enter(ask('anna'));
  const places: number[] = [];
  const second = two.queue.enter(ask('anna', { onPosition: (place: number) => places.push(place) }));
  await expect(one.queue.enter(ask('anna'))).rejects.toMatchObject({ code: 'QUEUE_FULL' });
  await expect(two.queue.charge('anna')).rejects.toMatchObject({ code: 'QUEUE_FULL' });
  expect(two.queue.size).toEqual({ running: 0, waiting: 1 });
  first[Symbol.dispose]();
  (await second)[Symbol.dispose]();
  expect(places[0]).toBe(0);
  await one.queue.charge('anna');
  (await one.queue.enter(ask('ben')))[Symbol.dispose]();
});

test('one who gives up frees the place', async () => {
  const queue = new AnswerQueue(limits);
  const { queue: shared } = open(queue);
  const first = await shared.enter(ask('anna'));
  const abort = new AbortController();
  const waiting = shared.enter(ask('ben', { signal: abort.signal }));
  abort.abort(new Error('no longer'));
  await expect(waiting).rejects.toThrow('no longer');
  const next = shared.enter(ask('carl'));
  first[Symbol.dispose]();
  await next;
  expect(queue.size).toEqual({ running: 1, waiting: 0 });
});

test('a shard that dies gives back what it had; one whose parent dies waits for nothing', async () => {
  const queue = new AnswerQueue(limits);
  const [one, two] = [open(queue), open(queue)];
  await one.queue.enter(ask('anna'));
  const left = one.queue.enter(ask('ben'));
  const next = two.queue.enter(ask('carl'));
  one.die();
  await expect(left).rejects.toMatchObject({ code: 'QUEUE_FULL' });
  expect((await next).number).toBe(0);
  expect(queue.size).toEqual({ running: 1, waiting: 0 });
});
