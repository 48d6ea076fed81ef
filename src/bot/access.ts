import type { BotConfig } from './config.ts';

export interface Asker {
  readonly userId: string;
  /** null in direct messages. */
  readonly guildId: string | null;
  readonly channelId: string;
  /** For a thread: the channel it hangs under. */
  readonly parentId: string | null;
  readonly roles: readonly string[];
}

/**
 * May this person use the bot here? Deny lists go before allow lists; an empty allow list allows everyone;
 * direct messages have neither channel nor role.
 * @returns undefined when allowed, else the sentence to answer with.
 */
export function refuseAccess(config: Pick<BotConfig, 'allow' | 'deny'>, asker: Asker): string | undefined {
  const { allow, deny } = config;
  const channels = [asker.channelId, asker.parentId].filter((id) => id !== null);
  const within = (list: readonly string[], ids: readonly (string | null)[]) =>
    ids.some((id) => id !== null && list.includes(id));
  if (deny.users.includes(asker.userId)) return 'You may not use this bot.';
  if (within(deny.guilds, [asker.guildId])) return 'This bot is not in use on this server.';
  if (within(deny.channels, channels)) return 'This bot is not in use in this channel.';
  if (within(deny.roles, asker.roles)) return 'Your role may not use this bot.';
  if (asker.guildId === null) return undefined;
  if (allow.guilds.length > 0 && !within(allow.guilds, [asker.guildId]))
    return 'This bot is not in use on this server.';
  if (allow.channels.length > 0 && !within(allow.channels, channels))
    return 'This bot is not in use in this channel.';
  if (allow.roles.length > 0 && !within(allow.roles, asker.roles))
    return 'This bot is for certain roles only.';
  return undefined;
}
