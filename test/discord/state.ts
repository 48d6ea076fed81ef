import { EventEmitter } from 'node:events';
import {
  type APIApplicationCommand,
  type APIAttachment,
  type APIMessage,
  type APIUser,
  ChannelType,
  MessageType,
} from 'discord-api-types/v10';
import { snowflake } from './snowflake.ts';

export interface FakeChannel {
  readonly id: string;
  readonly type: ChannelType;
  readonly name: string;
  readonly guildId: string | undefined;
  /** For threads. */
  readonly parentId?: string;
  readonly nsfw?: boolean;
  /** Permission bits the bot lacks here. */
  deniedToBot: bigint;
  readonly recipients: readonly APIUser[];
}

export interface FakeGuild {
  readonly id: string;
  readonly name: string;
  readonly ownerId: string;
}

/** A message with everything that was ever done to it. */
export interface RecordedMessage {
  current: APIMessage;
  /** Every content it has had, oldest first, with the time in ms. */
  readonly history: { readonly content: string; readonly at: number }[];
  deleted: boolean;
  /** User id of the only person who sees it (ephemeral messages). */
  readonly visibleTo: string | undefined;
  readonly files: readonly { readonly name: string; readonly bytes: Buffer }[];
}

/** Everything the loopback Discord remembers; front doors are gateway.ts and rest.ts. */
export class DiscordState extends EventEmitter<{ change: [] }> {
  readonly applicationId = snowflake();
  readonly botUser: APIUser = createUser('babble', { bot: true });
  readonly users = new Map<string, APIUser>([[this.botUser.id, this.botUser]]);
  readonly guilds = new Map<string, FakeGuild>();
  readonly channels = new Map<string, FakeChannel>();
  readonly messages = new Map<string, RecordedMessage>();
  /** Key: '' for global commands, else the guild id. */
  readonly commands = new Map<string, APIApplicationCommand[]>();
  readonly typing: { readonly channelId: string; readonly at: number }[] = [];
  readonly reactions: { readonly messageId: string; readonly emoji: string }[] = [];

  addUser(name: string): APIUser {
    const user = createUser(name);
    this.users.set(user.id, user);
    return user;
  }

  addGuild(name: string, options: { id?: string } = {}): FakeGuild {
    const owner = this.addUser(`${name}-owner`);
    const guild = { id: options.id ?? snowflake(), name, ownerId: owner.id };
    this.guilds.set(guild.id, guild);
    return guild;
  }

  addChannel(guild: FakeGuild | undefined, name: string, extra: Partial<FakeChannel> = {}): FakeChannel {
    const channel: FakeChannel = {
      id: snowflake(),
      type: guild ? ChannelType.GuildText : ChannelType.DM,
      name,
      guildId: guild?.id,
      deniedToBot: 0n,
      recipients: [],
      ...extra,
    };
    this.channels.set(channel.id, channel);
    return channel;
  }

  /** The private channel of one person with the bot. */
  directChannel(user: APIUser): FakeChannel {
    for (const channel of this.channels.values()) {
      if (channel.type === ChannelType.DM && channel.recipients.some(({ id }) => id === user.id))
        return channel;
    }
    return this.addChannel(undefined, `dm-${user.username}`, { recipients: [user] });
  }

  addMessage(
    channel: FakeChannel,
    author: APIUser,
    body: Partial<APIMessage>,
    options: {
      visibleTo?: string;
      files?: RecordedMessage['files'];
      attachmentUrl?: (id: string, name: string) => string;
    } = {},
  ): RecordedMessage {
    const files = options.files ?? [];
    const attachments: APIAttachment[] = files.map(({ name, bytes }) => {
      const id = snowflake();
      const url = options.attachmentUrl?.(id, name) ?? '';
      return { id, filename: name, size: bytes.length, url, proxy_url: url };
    });
    const content = body.content ?? '';
    const current: APIMessage = {
      id: snowflake(),
      channel_id: channel.id,
      author,
      timestamp: new Date().toISOString(),
      edited_timestamp: null,
      tts: false,
      mention_everyone: false,
      mentions: mentionsIn(content, this.users),
      mention_roles: [],
      embeds: [],
      components: [],
      pinned: false,
      type: MessageType.Default,
      ...body,
      content,
      attachments: [...attachments, ...(body.attachments ?? [])],
    };
    const message: RecordedMessage = {
      current,
      history: [{ content, at: Date.now() }],
      deleted: false,
      visibleTo: options.visibleTo,
      files,
    };
    this.messages.set(current.id, message);
    this.emit('change');
    return message;
  }

  editMessage(message: RecordedMessage, body: Partial<APIMessage>): void {
    message.current = { ...message.current, ...body, edited_timestamp: new Date().toISOString() };
    message.history.push({ content: message.current.content, at: Date.now() });
    this.emit('change');
  }

  deleteMessage(message: RecordedMessage): void {
    message.deleted = true;
    this.emit('change');
  }

  /** What a person sees in a channel, oldest first. */
  visible(channelId: string, viewer?: APIUser): RecordedMessage[] {
    return [...this.messages.values()].filter(
      (message) =>
        message.current.channel_id === channelId &&
        !message.deleted &&
        (message.visibleTo === undefined || message.visibleTo === viewer?.id),
    );
  }
}

function createUser(name: string, extra: Partial<APIUser> = {}): APIUser {
  return { id: snowflake(), username: name, discriminator: '0', global_name: name, avatar: null, ...extra };
}

function mentionsIn(content: string, users: ReadonlyMap<string, APIUser>): APIUser[] {
  const ids = new Set([...content.matchAll(/<@!?(\d+)>/g)].map((match) => match[1]!));
  return [...ids].flatMap((id) => users.get(id) ?? []);
}
