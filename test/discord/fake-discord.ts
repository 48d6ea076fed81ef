import { once } from 'node:events';
import {
  type APIApplicationCommand,
  type APIUser,
  ApplicationCommandOptionType,
  ApplicationCommandType,
  ComponentType,
  InteractionContextType,
  InteractionType,
  MessageType,
} from 'discord-api-types/v10';
import { FakeGateway, type GatewayOptions } from './gateway.ts';
import { type Interaction, Interactions } from './interactions.ts';
import { channelPayload, guildPayload, memberPayload, memberPermissions, readyPayload } from './payloads.ts';
import { FakeRest } from './rest.ts';
import { shardOf, snowflake } from './snowflake.ts';
import { DiscordState, type FakeChannel, type FakeGuild, type RecordedMessage } from './state.ts';

export interface FakeDiscordOptions {
  readonly token?: string;
  /** Shards that GET /gateway/bot recommends. Default 1. */
  readonly shards?: number;
  readonly heartbeatMs?: number;
  readonly allowedIntents?: GatewayOptions['allowedIntents'];
}

export interface SlashOptions {
  /** Option values by name; a RecordedFile goes in as an attachment. */
  readonly options?: Readonly<
    Record<string, string | number | boolean | { readonly name: string; readonly bytes: Buffer }>
  >;
  readonly locale?: string;
  /** Permission bits of the person. */
  readonly permissions?: bigint;
  /** The command was installed to the person, not to the server. */
  readonly userInstalled?: boolean;
}

/**
 * A Discord on loopback: gateway and REST in one process, to which the real discord.js connects by
 * `rest: { api }`. A test acts as people do (say, slash, press) and asserts on what a person would see.
 */
export class FakeDiscord {
  readonly state = new DiscordState();
  readonly token: string;
  readonly rest: FakeRest;
  readonly gateway: FakeGateway;
  readonly interactions: Interactions;

  private constructor(options: FakeDiscordOptions) {
    this.token = options.token ?? 'fake.token.for-tests';
    this.rest = new FakeRest({
      token: this.token,
      shards: options.shards ?? 1,
      state: this.state,
      interactions: () => this.interactions,
      onMessage: (message, channel) => this.announce(message, channel),
      onThread: (channel) => {
        const payload = { ...channelPayload(channel, this.state.botUser.id), newly_created: true };
        this.gateway.dispatch('THREAD_CREATE', payload, channel.guildId);
      },
    });
    this.interactions = new Interactions(this.state, this.rest.attachmentUrl);
    this.gateway = new FakeGateway(this.rest.http, {
      token: this.token,
      url: () => `ws://${this.rest.origin}/`,
      ...(options.heartbeatMs === undefined ? {} : { heartbeatMs: options.heartbeatMs }),
      ...(options.allowedIntents === undefined ? {} : { allowedIntents: options.allowedIntents }),
      ready: ([shard, count]) => {
        const guilds = [...this.state.guilds.values()].filter(({ id }) => shardOf(id, count) === shard);
        return {
          ready: readyPayload(this.state, guilds),
          guilds: guilds.map((guild) => guildPayload(guild, this.state)),
        };
      },
    });
  }

  static async start(options: FakeDiscordOptions = {}): Promise<FakeDiscord> {
    const fake = new FakeDiscord(options);
    fake.rest.http.listen(0, '127.0.0.1');
    await once(fake.rest.http, 'listening');
    return fake;
  }

  /** What discord.js takes as `rest.api`. */
  get api(): string {
    return `http://${this.rest.origin}/api`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway.close();
    this.rest.http.closeAllConnections();
    await new Promise((resolve) => this.rest.http.close(resolve));
  }

  /** A person writes in a channel. */
  say(
    user: APIUser,
    channel: FakeChannel,
    content: string,
    options: { replyTo?: RecordedMessage; files?: RecordedMessage['files'] } = {},
  ): RecordedMessage {
    const reply = options.replyTo;
    const message = this.state.addMessage(
      channel,
      user,
      {
        content,
        ...(reply
          ? {
              type: MessageType.Reply,
              message_reference: { type: 0, message_id: reply.current.id, channel_id: channel.id },
              referenced_message: reply.current,
              // a reply pings its author unless the person turns that off
              mentions: [reply.current.author],
            }
          : {}),
      },
      { files: options.files ?? [], attachmentUrl: this.rest.attachmentUrl },
    );
    message.files.forEach(({ bytes }, index) => {
      this.rest.files.set(message.current.attachments[index]!.id, bytes);
    });
    this.announce(message, channel);
    return message;
  }

  /** A person runs a slash command. */
  slash(user: APIUser, channel: FakeChannel, name: string, given: SlashOptions = {}): Interaction {
    const attachments: Record<string, object> = {};
    const command = this.findCommand(name, channel.guildId, ApplicationCommandType.ChatInput);
    const options = Object.entries(given.options ?? {}).map(([option, value]) => {
      if (typeof value !== 'object') return { name: option, type: optionType(command, option, value), value };
      const id = snowflake();
      const url = this.rest.attachmentUrl(id, value.name);
      this.rest.files.set(id, value.bytes);
      attachments[id] = {
        id,
        filename: value.name,
        size: value.bytes.length,
        url,
        proxy_url: url,
        content_type: 'text/plain',
      };
      return { name: option, type: 11, value: id };
    });
    const data = {
      id: command?.id ?? snowflake(),
      name,
      type: ApplicationCommandType.ChatInput,
      options,
      resolved: { attachments },
    };
    return this.interact(InteractionType.ApplicationCommand, user, channel, data, given);
  }

  /** A person types in an option that completes itself; `interaction.choices` holds what is offered. */
  autocomplete(
    user: APIUser,
    channel: FakeChannel,
    name: string,
    option: string,
    typed: string,
    given: SlashOptions = {},
  ): Interaction {
    const command = this.findCommand(name, channel.guildId, ApplicationCommandType.ChatInput);
    const others = Object.entries(given.options ?? {}).map(([key, value]) => ({
      name: key,
      type: optionType(command, key, value),
      value,
    }));
    const options = [
      ...others,
      { name: option, type: optionType(command, option, typed), value: typed, focused: true },
    ];
    const data = { id: command?.id ?? snowflake(), name, type: ApplicationCommandType.ChatInput, options };
    return this.interact(InteractionType.ApplicationCommandAutocomplete, user, channel, data, given);
  }

  /** A person presses a button, or picks `values` in a menu, on a message. The label or custom id finds it. */
  press(
    user: APIUser,
    message: RecordedMessage,
    label: string,
    given: SlashOptions & { values?: readonly string[] } = {},
  ): Interaction {
    const rows = (message.current.components ?? []) as {
      components: { custom_id?: string; label?: string; type: number; disabled?: boolean }[];
    }[];
    const component = rows
      .flatMap((row) => row.components)
      .find((one) => one.label?.includes(label) || one.custom_id === label);
    if (!component) throw new Error(`No button "${label}" on the message; it has ${JSON.stringify(rows)}.`);
    if (component.disabled) throw new Error(`The button "${label}" is disabled.`);
    const channel = this.state.channels.get(message.current.channel_id)!;
    const data = {
      custom_id: component.custom_id,
      component_type: component.type ?? ComponentType.Button,
      ...(given.values ? { values: given.values } : {}),
    };
    return this.interact(InteractionType.MessageComponent, user, channel, data, given, message);
  }

  /** A person uses an entry of a message's context menu. */
  messageMenu(user: APIUser, message: RecordedMessage, name: string, given: SlashOptions = {}): Interaction {
    const channel = this.state.channels.get(message.current.channel_id)!;
    const command = this.findCommand(name, channel.guildId, ApplicationCommandType.Message);
    const resolved = { messages: { [message.current.id]: message.current } };
    const data = {
      id: command?.id ?? snowflake(),
      name,
      type: ApplicationCommandType.Message,
      target_id: message.current.id,
      resolved,
    };
    return this.interact(InteractionType.ApplicationCommand, user, channel, data, given);
  }

  /** A person sends the modal that an interaction opened. */
  submit(user: APIUser, opened: Interaction, fields: Readonly<Record<string, string>>): Interaction {
    const components = Object.entries(fields).map(([custom_id, value]) => ({
      type: ComponentType.ActionRow,
      components: [{ type: ComponentType.TextInput, custom_id, value }],
    }));
    const data = { custom_id: opened.modal?.custom_id, components };
    return this.interact(InteractionType.ModalSubmit, user, opened.channel, data, {}, opened.source);
  }

  /** The bot joins a server while it runs. */
  join(guild: FakeGuild): void {
    this.gateway.dispatch('GUILD_CREATE', guildPayload(guild, this.state), guild.id);
  }

  /** The bot is removed from a server. */
  leave(guild: FakeGuild): void {
    this.state.guilds.delete(guild.id);
    this.gateway.dispatch('GUILD_DELETE', { id: guild.id, unavailable: false }, guild.id);
  }

  /** Waits until `look` returns something other than undefined, null or false; fails with `what` after the deadline. */
  async until<T>(what: string, look: () => T | undefined | null | false, deadlineMs = 45_000): Promise<T> {
    const end = Date.now() + deadlineMs;
    for (;;) {
      const result = look();
      if (result !== undefined && result !== null && result !== false) return result;
      const left = end - Date.now();
      if (left <= 0) throw new Error(`Waited ${deadlineMs} ms in vain for ${what}.`);
      // `change` covers messages; the short poll covers the gateway's counters
      const step = new AbortController();
      const changed = once(this.state, 'change', { signal: step.signal }).catch(() => {});
      await Promise.race([changed, new Promise((resolve) => setTimeout(resolve, Math.min(left, 25)))]);
      step.abort();
    }
  }

  private interact(
    type: InteractionType,
    user: APIUser,
    channel: FakeChannel,
    data: object,
    given: SlashOptions,
    source?: RecordedMessage,
  ): Interaction {
    const interaction = this.interactions.create(type, user, channel, source);
    const guildId = channel.guildId;
    const permissions = given.permissions ?? memberPermissions;
    const payload = {
      id: interaction.id,
      application_id: this.state.applicationId,
      type,
      data,
      token: interaction.token,
      version: 1,
      channel_id: channel.id,
      channel: channelPayload(channel, this.state.botUser.id),
      app_permissions: String(memberPermissions & ~channel.deniedToBot),
      locale: given.locale ?? 'en-US',
      entitlements: [],
      attachment_size_limit: 10 * 1024 * 1024,
      authorizing_integration_owners: given.userInstalled ? { 1: user.id } : { 0: guildId ?? '0' },
      context: guildId === undefined ? InteractionContextType.BotDM : InteractionContextType.Guild,
      ...(guildId === undefined
        ? { user }
        : {
            guild_id: guildId,
            guild: { id: guildId, locale: 'en-US', features: [] },
            guild_locale: 'en-US',
            member: memberPayload(user, permissions),
          }),
      ...(source ? { message: source.current } : {}),
    };
    this.gateway.dispatch('INTERACTION_CREATE', payload, guildId);
    return interaction;
  }

  private announce(message: RecordedMessage, channel: FakeChannel): void {
    const { current } = message;
    const botId = this.state.botUser.id;
    const mentioned = current.mentions.some(({ id }) => id === botId);
    const readable = mentioned || channel.guildId === undefined || current.author.id === botId;
    const shown = readable || this.gateway.seesContent(channel.guildId);
    const content = shown ? {} : { content: '', embeds: [], attachments: [], components: [] };
    const where =
      channel.guildId === undefined
        ? {}
        : { guild_id: channel.guildId, member: memberPayload(current.author) };
    this.gateway.dispatch(
      'MESSAGE_CREATE',
      { ...current, ...content, ...where, channel_type: channel.type },
      channel.guildId,
    );
  }

  private findCommand(
    name: string,
    guildId: string | undefined,
    type: ApplicationCommandType,
  ): APIApplicationCommand | undefined {
    const all = [...(this.state.commands.get(guildId ?? '') ?? []), ...(this.state.commands.get('') ?? [])];
    return all.find((command) => command.name === name && command.type === type);
  }
}

/** As the command was registered; where it was not, as the value looks. */
function optionType(command: APIApplicationCommand | undefined, name: string, value: unknown): number {
  const registered = command?.options?.find((option) => option.name === name)?.type;
  if (registered !== undefined) return registered;
  if (typeof value === 'boolean') return ApplicationCommandOptionType.Boolean;
  if (typeof value === 'number') return ApplicationCommandOptionType.Number;
  return ApplicationCommandOptionType.String;
}
