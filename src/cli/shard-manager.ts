import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { mostEngines, serviceModel } from '../bot/answers/pool.ts';
import { createQueue, createRest } from '../bot/bot.ts';
import type { BotConfig } from '../bot/config.ts';
import { toStartError } from '../bot/exit.ts';
import { serveQueue } from '../bot/queue/shared.ts';
import type { RequestQueue } from '../bot/queue/types.ts';
import { planShards, runShards } from '../bot/shards.ts';
import { listModels, resolveModel } from '../catalogue/catalogue.ts';
import { createEngineClient } from '../engines/host/client.ts';
import type { Offer } from '../serve/pool.ts';
import { serve } from '../serve/server.ts';

/** Engines that nobody uses are unloaded after this time, in milliseconds. */
const idleMs = 10 * 60_000;

/** The shards of one bot under way, with what they share. */
export interface ShardManager {
  /** The engine service: its address and its key. */
  readonly service: { readonly url: string; readonly apiKey: string };
  readonly queue: RequestQueue;
  /** The process of each shard. */
  readonly processes: ReadonlyMap<number, ChildProcess>;
  /** The exit code, once all shards have ended. */
  readonly ended: Promise<number>;
}

/**
 * Starts one engine service, one queue and a process for each shard; they end with the signal.
 * @param args of `babble bot`, handed on to each shard.
 * @throws AppError BOT_TOKEN, BOT_UNREACHABLE.
 */
export async function startShards(
  config: BotConfig,
  args: readonly string[],
  signal: AbortSignal,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ShardManager> {
  const plan = await planShards(createRest(config), config.shards).catch((error: unknown) => {
    throw toStartError(error);
  });
  const { slots, engineMemoryBytes } = config.limits;
  const offers = await findOffers(config);
  const apiKey = randomUUID();
  const service = await serve({
    host: '127.0.0.1',
    port: 0,
    apiKey,
    offers,
    // the queue lets in no more than the slots hold
    maxQueue: offers.length + plan.count,
    maxLoaded: Math.max(mostEngines, slots),
    idleMs,
    open: ({ engine, model }) =>
      createEngineClient({
        engine,
        model,
        idleMs,
        ...(engineMemoryBytes === undefined ? {} : { memoryLimitBytes: engineMemoryBytes }),
      }),
  });
  const queue = createQueue(config);
  const processes = new Map<number, ChildProcess>();
  const entry = fileURLToPath(new URL(`./shard${path.extname(import.meta.url)}`, import.meta.url));
  const spawnShard = ({ id, count }: { id: number; count: number }) => {
    const shard = spawn(process.execPath, [entry, ...args], {
      env: {
        ...env,
        BABBLE_BOT_SHARD: `${id}/${count}`,
        BABBLE_BOT_SERVICE: `${service.url}/v1`,
        BABBLE_REMOTE_API_KEY: apiKey,
      },
      // the shard ends its answers by itself: Ctrl+C must not reach it twice
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    serveQueue(queue, shard);
    processes.set(id, shard);
    return shard;
  };
  const ended = runShards(plan, spawnShard, signal).finally(() => service[Symbol.asyncDispose]());
  return { service: { url: service.url, apiKey }, queue, processes, ended };
}

/** Every usable model, once for each slot, under the name that the shards ask for. */
async function findOffers({ engine, model, limits }: BotConfig): Promise<Offer[]> {
  const named = await resolveModel(engine, model);
  const listed = (await listModels())
    .filter((one) => !one.error && !(one.engine === engine && one.id === named.id))
    .map((one) => ({ engine: one.engine, model: { id: one.id, path: one.path } }));
  const slots = Array.from({ length: limits.slots }, (_, slot) => slot);
  return [{ engine, model: named }, ...listed].flatMap((one) =>
    slots.map((slot) => ({ ...one, id: serviceModel(one.engine, one.model.id, slot) })),
  );
}
