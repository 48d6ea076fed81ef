import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { type REST, Routes } from 'discord.js';
import { exitCodes } from './exit.ts';

/** Which part of the servers a process serves: shard `id` of `count`. */
export interface Shard {
  readonly id: number;
  readonly count: number;
}

/** Discord lets one session of each lane begin in this time, in milliseconds. */
const laneMs = 5_000;
const longestWaitMs = 60_000;

/** How many shards there are to be, and how many may identify at once. */
export async function planShards(
  rest: REST,
  wanted: number | 'auto',
): Promise<{ count: number; lanes: number }> {
  const { shards, session_start_limit: limit } = (await rest.get(Routes.gatewayBot())) as {
    shards: number;
    session_start_limit: { max_concurrency: number };
  };
  return { count: wanted === 'auto' ? shards : wanted, lanes: limit.max_concurrency };
}

/**
 * Keeps one process for each shard running until the signal. A shard that ends is started again, later and later;
 * one that says that the owner must act ends them all.
 * @param spawn starts a shard; the process sends `{ type: 'ready' }` once it is.
 * @returns the exit code.
 */
export async function runShards(
  { count, lanes }: { count: number; lanes: number },
  spawn: (shard: Shard) => ChildProcess,
  signal: AbortSignal,
): Promise<number> {
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const keep = async (id: number): Promise<void> => {
    await pause(Math.floor(id / lanes) * laneMs, stop);
    for (let attempt = 0; !stop.aborted; attempt += 1) {
      const child = spawn({ id, count });
      child.on('message', (message: { type?: unknown }) => {
        if (message.type === 'ready') attempt = 0;
      });
      const end = () => child.kill('SIGTERM');
      stop.addEventListener('abort', end, { once: true });
      const [code] = (await once(child, 'exit')) as [number | null];
      stop.removeEventListener('abort', end);
      if (code === exitCodes.ownerMustAct) failed.abort();
      await pause(Math.min(longestWaitMs, 1_000 * 2 ** attempt), stop);
    }
  };
  await Promise.all(Array.from({ length: count }, (_, id) => keep(id)));
  return failed.signal.aborted ? exitCodes.ownerMustAct : exitCodes.stopped;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0 || signal.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
  });
}
