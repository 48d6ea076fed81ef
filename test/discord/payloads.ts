import { type APIUser, ChannelType, PermissionFlagsBits } from 'discord-api-types/v10';
import type { DiscordState, FakeChannel, FakeGuild } from './state.ts';

/** Everything a normal member may do: what the bot and people have unless a channel denies it. */
export const memberPermissions =
  PermissionFlagsBits.ViewChannel |
  PermissionFlagsBits.SendMessages |
  PermissionFlagsBits.SendMessagesInThreads |
  PermissionFlagsBits.CreatePublicThreads |
  PermissionFlagsBits.EmbedLinks |
  PermissionFlagsBits.AttachFiles |
  PermissionFlagsBits.AddReactions |
  PermissionFlagsBits.ReadMessageHistory |
  PermissionFlagsBits.UseApplicationCommands;

export function memberPayload(user: APIUser, permissions?: bigint): object {
  return {
    user,
    nick: null,
    avatar: null,
    roles: [],
    joined_at: '2024-01-01T00:00:00.000Z',
    premium_since: null,
    deaf: false,
    mute: false,
    flags: 0,
    ...(permissions === undefined ? {} : { permissions: String(permissions) }),
  };
}

export function channelPayload(channel: FakeChannel, botId: string): object {
  const shared = { id: channel.id, type: channel.type, name: channel.name, last_message_id: null, flags: 0 };
  if (channel.type === ChannelType.DM) return { ...shared, recipients: channel.recipients };
  const denied = { id: botId, type: 1, allow: '0', deny: String(channel.deniedToBot) };
  const inGuild = {
    ...shared,
    guild_id: channel.guildId,
    position: 0,
    nsfw: channel.nsfw ?? false,
    topic: null,
  };
  if (channel.parentId === undefined) {
    return { ...inGuild, parent_id: null, permission_overwrites: channel.deniedToBot === 0n ? [] : [denied] };
  }
  return {
    ...inGuild,
    parent_id: channel.parentId,
    owner_id: botId,
    message_count: 0,
    member_count: 1,
    thread_metadata: {
      archived: false,
      auto_archive_duration: 1440,
      archive_timestamp: new Date().toISOString(),
      locked: false,
    },
    member: { id: channel.id, user_id: botId, join_timestamp: new Date().toISOString(), flags: 0 },
  };
}

export function guildPayload(guild: FakeGuild, state: DiscordState): object {
  const channels = [...state.channels.values()].filter(({ guildId }) => guildId === guild.id);
  const payload = (channel: FakeChannel) => channelPayload(channel, state.botUser.id);
  const everyone = {
    id: guild.id,
    name: '@everyone',
    permissions: String(memberPermissions),
    position: 0,
    color: 0,
    colors: { primary_color: 0, secondary_color: null, tertiary_color: null },
    hoist: false,
    managed: false,
    mentionable: false,
    flags: 0,
  };
  return {
    id: guild.id,
    name: guild.name,
    owner_id: guild.ownerId,
    icon: null,
    splash: null,
    discovery_splash: null,
    afk_channel_id: null,
    afk_timeout: 300,
    verification_level: 0,
    default_message_notifications: 0,
    explicit_content_filter: 0,
    roles: [everyone],
    emojis: [],
    stickers: [],
    features: [],
    mfa_level: 0,
    application_id: null,
    system_channel_id: null,
    system_channel_flags: 0,
    rules_channel_id: null,
    public_updates_channel_id: null,
    vanity_url_code: null,
    description: null,
    banner: null,
    premium_tier: 0,
    preferred_locale: 'en-US',
    nsfw_level: 0,
    premium_progress_bar_enabled: false,
    safety_alerts_channel_id: null,
    joined_at: '2024-01-01T00:00:00.000Z',
    large: false,
    unavailable: false,
    member_count: state.users.size,
    voice_states: [],
    members: [memberPayload(state.botUser)],
    channels: channels.filter(({ parentId }) => parentId === undefined).map(payload),
    threads: channels.filter(({ parentId }) => parentId !== undefined).map(payload),
    presences: [],
    stage_instances: [],
    guild_scheduled_events: [],
    soundboard_sounds: [],
  };
}

export function readyPayload(state: DiscordState, guilds: readonly FakeGuild[]): object {
  return {
    v: 10,
    user: { ...state.botUser, verified: true, mfa_enabled: false, email: null, flags: 0 },
    guilds: guilds.map(({ id }) => ({ id, unavailable: true })),
    application: { id: state.applicationId, flags: 0 },
    private_channels: [],
    relationships: [],
  };
}

export function applicationPayload(state: DiscordState): object {
  return {
    id: state.applicationId,
    name: state.botUser.username,
    icon: null,
    description: '',
    bot_public: true,
    bot_require_code_grant: false,
    verify_key: '',
    flags: 0,
    team: null,
    owner: state.botUser,
  };
}
