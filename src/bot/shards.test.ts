import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { runShards } from './shards.ts';

/** A process in name only: it ends when told to, with the code it is given. */
class FakeProcess extends EventEmitter {
  readonly signals: string[] = [];
  kill(signal: string): boolean {
    this.signals.push(signal);
    queueMicrotask(() => this.emit('exit', 0));
    return true;
  }
}

function start(count: number) {
  const stop = new AbortController();
  const started: { id: number; shard: FakeProcess }[] = [];
  const more = new EventEmitter();
  const ended = runShards(
    { count, lanes: 16 },
    ({ id }) => {
      const shard = new FakeProcess();
      started.push({ id, shard });
      queueMicrotask(() => more.emit('started'));
      return shard as unknown as ChildProcess;
    },
    stop.signal,
  );
  const until = async (done: () => boolean) => {
    while (!done()) await new Promise((resolve) => more.once('started', resolve));
  };
  return { stop, started, ended, until };
}

test('a shard that dies is started again; the signal ends all', async () => {
  const { stop, started, ended, until } = start(2);
  await until(() => started.length === 2);
  started[1]!.shard.emit('exit', null);
  await until(() => started.length === 3);
  expect(started[2]!.id).toBe(1);
  stop.abort();
  expect(await ended).toBe(0);
  expect(started.map(({ shard }) => shard.signals)).toEqual([['SIGTERM'], [], ['SIGTERM']]);
});

test('one that says that the owner must act ends them all', async () => {
  const { started, ended, until } = start(3);
  await until(() => started.length === 3);
  started[0]!.shard.emit('exit', 78);
  expect(await ended).toBe(78);
  expect(started.slice(1).every(({ shard }) => shard.signals.includes('SIGTERM'))).toBe(true);
});
