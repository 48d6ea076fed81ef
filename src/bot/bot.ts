import type { Server } from 'node:http';
import path from 'node:path';
import { Client, Events, GatewayIntentBits, Partials, REST, ShardClientUtil } from 'discord.js';
import { userPaths } from '../paths.ts';
import { loadFilter } from './answers/filter.ts';
import { EnginePool } from './answers/pool.ts';
import { AnswerService } from './answers/service.ts';
import type { BotConfig } from './config.ts';
import type { BotContext } from './context.ts';
import { startCatchingUp } from './events/catch-up.ts';
import { handleInteraction } from './events/interaction.ts';
import { handleMessage } from './events/message.ts';
import { toStartError } from './exit.ts';
import { createLog } from './log.ts';
import { createMetrics, serveMetrics } from './metrics.ts';
import { AnswerQueue } from './queue/queue.ts';
import type { RequestQueue } from './queue/types.ts';
import { createRedactor, safeError } from './redact.ts';
import type { Shard } from './shards.ts';
import { BotStore } from './store/store.ts';

/** A bot that is connected. */
export interface RunningBot {
  readonly context: BotContext;
  /** Resolves when the gateway has closed for good; rejects with what closed it. */
  readonly closed: Promise<void>;
  /** Takes no more questions, waits for answers under way, disconnects. */
  stop(): Promise<void>;
}

/** Finished answers are kept this long, in days, so that their buttons work. */
const keepDays = 30;

/** How often old answers are looked for, in milliseconds. */
const tidyEveryMs = 6 * 60 * 60_000;

/** How often an edit may change one answer, in milliseconds; Discord allows five in five seconds. */
export const defaultEditIntervalMs = 1_200;

/** discord.js options that follow from the configuration; the shard manager uses the same REST address. */
export function createRest(config: Pick<BotConfig, 'api' | 'token'>): REST {
  return new REST({ api: config.api, retries: 3, timeout: 15_000 }).setToken(config.token);
}

/** The queue with the configured limits; shards share one. */
export function createQueue({ limits }: Pick<BotConfig, 'limits'>): AnswerQueue {
  return new AnswerQueue({ ...limits, cooldownMs: limits.cooldownSeconds * 1_000 });
}

/**
 * Connects the bot and resolves once it is ready.
 * @throws AppError BOT_TOKEN, BOT_INTENTS (the owner must act), BOT_UNREACHABLE (worth a retry), STORE_*.
 */
export async function startBot(
  config: BotConfig,
  options: {
    editIntervalMs?: number;
    shard?: Shard;
    /** Address of the engine service that the shards share. */
    service?: string;
    /** The queue that the shards share; default: one of its own. */
    queue?: RequestQueue;
  } = {},
): Promise<RunningBot> {
  const redact = createRedactor([config.token]);
  const shard = options.shard ?? { id: 0, count: 1 };
  const log = createLog(config.logLevel, redact).child(shard.count === 1 ? {} : { shard: shard.id });
  const filter = await loadFilter(config.contentFilter);
  const store = new BotStore(config.database ?? path.join(userPaths().data, 'bot.db'));
  store.forgetOld(keepDays);
  const tidy = setInterval(() => store.forgetOld(keepDays), tidyEveryMs).unref();
  const { slots, engineMemoryBytes } = config.limits;
  const queue = options.queue ?? createQueue(config);
  const pool = new EnginePool({
    ...(engineMemoryBytes === undefined ? {} : { memoryLimitBytes: engineMemoryBytes }),
    ...(options.service === undefined ? {} : { service: options.service }),
  });
  const client = createClient(config, shard);
  const metrics = createMetrics({
    running: () => queue.size.running,
    waiting: () => queue.size.waiting,
    connected: () => client.isReady(),
  });
  const editIntervalMs = options.editIntervalMs ?? defaultEditIntervalMs;
  const answers = new AnswerService({
    rest: client.rest,
    store,
    pool,
    queue,
    slots,
    log,
    metrics,
    filter,
    redact,
    editIntervalMs,
  });
  let server: Server | undefined;
  const release = async () => {
    clearInterval(tidy);
    server?.close();
    await client.destroy();
    await pool[Symbol.asyncDispose]();
    store[Symbol.dispose]();
  };
  try {
    const closed = watch(client, log, redact);
    const context: BotContext = {
      config,
      client: client as Client<true>,
      store,
      pool,
      queue,
      answers,
      filter,
      editIntervalMs,
      log,
      metrics,
      redact,
    };
    client.on(Events.InteractionCreate, (interaction) => {
      // Discord may deliver an event twice around a RESUME
      if (store.firstSight(interaction.id)) void handleInteraction(interaction, context);
    });
    client.on(Events.MessageCreate, (message) => void handleMessage(message, context));
    client.on(Events.GuildCreate, (guild) => store.joinGuild(guild.id));
    client.on(Events.GuildDelete, (guild) => {
      if (guild.available) store.forgetGuild(guild.id);
    });
    client.on(Events.ChannelDelete, (channel) => store.resetChannel(channel.id));
    // listening begins before the session does, so that its first events are not lost
    await connect(client, config.token);
    const keepUp = startCatchingUp(context);
    if (config.metricsPort > 0)
      server = await serveMetrics(metrics, () => client.isReady(), config.metricsPort + shard.id);
    const mine = (guildId: string | null) =>
      shard.id === (guildId === null ? 0 : ShardClientUtil.shardIdForGuildId(guildId, shard.count));
    for (const guildId of client.guilds.cache.keys()) store.joinGuild(guildId);
    // removed from a server while the bot was away
    for (const guildId of store.knownGuilds())
      if (mine(guildId) && !client.guilds.cache.has(guildId)) store.forgetGuild(guildId);
    const apologies = await answers.recover(({ guildId }) => mine(guildId));
    log.info({ guilds: client.guilds.cache.size, apologies }, 'ready');
    let stopping: Promise<void> | undefined;
    const stop = async () => {
      keepUp[Symbol.dispose]();
      await answers.drain(config.drainSeconds * 1_000);
      await release();
      log.info('stopped');
    };
    return {
      context,
      closed,
      stop: () => {
        stopping ??= stop();
        return stopping;
      },
    };
  } catch (error) {
    await release();
    throw toStartError(error);
  }
}

function createClient(config: BotConfig, shard: Shard): Client {
  return new Client({
    shards: [shard.id],
    shardCount: shard.count,
    intents: [
      GatewayIntentBits.Guilds,
      GatewayIntentBits.GuildMessages,
      GatewayIntentBits.DirectMessages,
      ...(config.messageContent ? [GatewayIntentBits.MessageContent] : []),
    ],
    // direct messages come from channels that were never cached
    partials: [Partials.Channel],
    allowedMentions: { parse: [] },
    rest: { api: config.api, retries: 3, timeout: 15_000 },
  });
}

async function connect(client: Client, token: string): Promise<void> {
  const ready = new Promise<void>((resolve, reject) => {
    client.once(Events.ClientReady, () => resolve());
    // a fatal close code (disallowed intents, say) comes as this event, after login has resolved
    client.once(Events.ShardDisconnect, (event) => reject(event));
    client.once(Events.Error, reject);
  });
  ready.catch(() => {});
  await client.login(token);
  await ready;
}

function watch(client: Client, log: BotContext['log'], redact: (text: string) => string): Promise<void> {
  client.on(Events.Error, (error) => log.error({ error: safeError(error, redact) }, 'gateway error'));
  client.on(Events.ShardReconnecting, (shard) => log.info({ shard }, 'reconnecting'));
  client.on(Events.ShardResume, (shard, replayed) => log.info({ shard, replayed }, 'resumed'));
  const closed = new Promise<void>((_, reject) => {
    client.on(Events.ShardDisconnect, (event) => reject(toStartError(event)));
    client.on(Events.Invalidated, () => reject(toStartError(new Error('The session was invalidated.'))));
  });
  closed.catch(() => {});
  return closed;
}
