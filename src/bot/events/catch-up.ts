import { Events, SnowflakeUtil } from 'discord.js';
import type { BotContext } from '../context.ts';
import { safeError } from '../redact.ts';
import { handleMessage } from './message.ts';

/** How often the bot notes that it is connected, in milliseconds. */
const aliveEveryMs = 15_000;

/** What was written while the bot was away longer than this is too old to be answered, in milliseconds. */
const mostAwayMs = 10 * 60_000;

/** Conversations live this long after their last answer, in milliseconds; at most so many are looked at. */
const conversationMs = 24 * 60 * 60_000;
const mostChannels = 50;

/**
 * Answers what was written while no session was open. Discord replays missed events only to a session that
 * RESUMEs; after a fresh IDENTIFY (or a restart) the channels with a conversation are read instead. Nothing is
 * answered twice: every message is handled on first sight only.
 */
export function startCatchingUp(context: BotContext): Disposable {
  const { client, store } = context;
  const note = () => {
    if (client.isReady()) store.markAlive(shardOf(context));
  };
  const onReady = () => {
    void catchUp(context).finally(note);
  };
  const timer = setInterval(note, aliveEveryMs);
  timer.unref();
  client.on(Events.ShardReady, onReady);
  onReady();
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      client.off(Events.ShardReady, onReady);
      note();
    },
  };
}

/** A process runs one shard. */
const shardOf = ({ client }: BotContext) => client.shard?.ids[0] ?? client.ws.shards.firstKey() ?? 0;

async function catchUp(context: BotContext): Promise<void> {
  const { client, store, log, redact } = context;
  const last = store.lastAlive(shardOf(context));
  const now = Date.now();
  if (last === undefined) return;
  // a note may be this old although the connection held until just now
  const since = Math.max(last - aliveEveryMs, now - mostAwayMs);
  const after = String(SnowflakeUtil.generate({ timestamp: since }));
  for (const channelId of store.activeChannels(now - conversationMs, mostChannels)) {
    try {
      const channel = await client.channels.fetch(channelId);
      if (!channel?.isTextBased()) continue;
      const missed = [...(await channel.messages.fetch({ after, limit: 100 })).values()].reverse();
      for (const message of missed) void handleMessage(message, context);
    } catch (error) {
      log.debug({ channel: channelId, error: safeError(error, redact) }, 'a channel could not be read');
    }
  }
}
