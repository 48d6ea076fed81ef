import {
  type APIMessage,
  type APIUser,
  InteractionType,
  MessageFlags,
  MessageType,
} from 'discord-api-types/v10';
import { snowflake } from './snowflake.ts';
import type { DiscordState, FakeChannel, RecordedMessage } from './state.ts';

/** One interaction from a person's click to the bot's last word on it. */
export interface Interaction {
  readonly id: string;
  readonly token: string;
  readonly type: InteractionType;
  readonly user: APIUser;
  readonly channel: FakeChannel;
  readonly createdAt: number;
  /** When its token's fifteen minutes began. */
  readonly bornAt: number;
  /** Message a component sits on. */
  readonly source: RecordedMessage | undefined;
  acknowledgedAt?: number;
  /** What `@original` stands for. */
  original?: RecordedMessage;
  choices?: readonly { readonly name: string; readonly value: string | number }[];
  modal?: { readonly custom_id: string; readonly title: string };
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

const failure = (status: number, code: number, message: string): Answer => ({
  status,
  body: { code, message },
});

type Files = RecordedMessage['files'];

/** Discord's rules for interactions: three seconds to acknowledge, once; a token that lives fifteen minutes. */
export class Interactions {
  readonly all: Interaction[] = [];
  acknowledgeMs = 3_000;
  tokenMs = 15 * 60_000;
  /** New interactions are this old already, in milliseconds: their tokens expire sooner. */
  ageMs = 0;
  private readonly state: DiscordState;
  private readonly attachmentUrl: (id: string, name: string) => string;

  constructor(state: DiscordState, attachmentUrl: (id: string, name: string) => string) {
    this.state = state;
    this.attachmentUrl = attachmentUrl;
  }

  create(type: InteractionType, user: APIUser, channel: FakeChannel, source?: RecordedMessage): Interaction {
    const bornAt = Date.now() - this.ageMs;
    const id = snowflake(bornAt);
    const interaction: Interaction = {
      id,
      token: `token-${id}`,
      type,
      user,
      channel,
      createdAt: Date.now(),
      bornAt,
      source,
    };
    this.all.push(interaction);
    return interaction;
  }

  /** POST /interactions/:id/:token/callback */
  callback(
    id: string,
    token: string,
    body: { type: number; data?: Record<string, unknown> },
    files: Files,
  ): Answer {
    const interaction = this.all.findLast((one) => one.id === id && one.token === token);
    const now = Date.now();
    if (!interaction || now - interaction.createdAt > this.acknowledgeMs)
      return failure(404, 10062, 'Unknown interaction');
    if (interaction.acknowledgedAt !== undefined) {
      return failure(400, 40060, 'Interaction has already been acknowledged.');
    }
    interaction.acknowledgedAt = now;
    const data = body.data ?? {};
    switch (body.type) {
      case 4:
        interaction.original = this.post(interaction, data, files);
        break;
      case 5:
        interaction.original = this.post(
          interaction,
          { flags: Number(data['flags'] ?? 0) | MessageFlags.Loading },
          [],
        );
        break;
      case 6:
        if (interaction.source) interaction.original = interaction.source;
        break;
      case 7:
        if (!interaction.source) return failure(400, 50035, 'Invalid Form Body');
        interaction.original = interaction.source;
        this.state.editMessage(interaction.source, messageFields(data));
        break;
      case 8:
        interaction.choices = data['choices'] as NonNullable<Interaction['choices']>;
        break;
      case 9:
        interaction.modal = data as unknown as NonNullable<Interaction['modal']>;
        break;
      default:
        return failure(400, 50035, 'Invalid Form Body');
    }
    this.state.emit('change');
    const message = interaction.original?.current;
    const about = { id, type: interaction.type, ...(message ? { response_message_id: message.id } : {}) };
    return {
      status: 200,
      body: { interaction: about, resource: { type: body.type, ...(message ? { message } : {}) } },
    };
  }

  /** POST /webhooks/:app/:token */
  followUp(token: string, body: Record<string, unknown>, files: Files): Answer {
    const interaction = this.live(token);
    if (!interaction) return failure(401, 50027, 'Invalid Webhook Token');
    // the first follow-up to a deferred answer takes its place, as on Discord
    const original = interaction.original;
    if (original && isLoading(original)) return this.edit(token, '@original', body, files);
    return { status: 200, body: this.post(interaction, body, files).current };
  }

  /** PATCH /webhooks/:app/:token/messages/:message */
  edit(token: string, messageId: string, body: Record<string, unknown>, files: Files): Answer {
    const message = this.find(token, messageId);
    if ('status' in message) return message;
    const flags = Number(message.current.flags ?? 0) & ~MessageFlags.Loading;
    this.state.editMessage(message, {
      ...messageFields(body),
      flags,
      ...this.attached(body, files, message),
    });
    return { status: 200, body: message.current };
  }

  /** GET /webhooks/:app/:token/messages/:message */
  read(token: string, messageId: string): Answer {
    const message = this.find(token, messageId);
    return 'status' in message ? message : { status: 200, body: message.current };
  }

  /** DELETE /webhooks/:app/:token/messages/:message */
  remove(token: string, messageId: string): Answer {
    const message = this.find(token, messageId);
    if ('status' in message) return message;
    this.state.deleteMessage(message);
    return { status: 204 };
  }

  private live(token: string): Interaction | undefined {
    const interaction = this.all.findLast((one) => one.token === token && one.acknowledgedAt !== undefined);
    return interaction && Date.now() - interaction.bornAt <= this.tokenMs ? interaction : undefined;
  }

  private find(token: string, messageId: string): RecordedMessage | Answer {
    const interaction = this.live(token);
    if (!interaction) return failure(401, 50027, 'Invalid Webhook Token');
    const message = messageId === '@original' ? interaction.original : this.state.messages.get(messageId);
    return message && !message.deleted ? message : failure(404, 10008, 'Unknown Message');
  }

  private post(interaction: Interaction, body: Record<string, unknown>, files: Files): RecordedMessage {
    const ephemeral = (Number(body['flags'] ?? 0) & MessageFlags.Ephemeral) !== 0;
    const fields: Partial<APIMessage> = {
      ...messageFields(body),
      application_id: this.state.applicationId,
      webhook_id: this.state.applicationId,
      flags: Number(body['flags'] ?? 0),
      type:
        interaction.type === InteractionType.ApplicationCommand
          ? MessageType.ChatInputCommand
          : MessageType.Default,
    };
    return this.state.addMessage(interaction.channel, this.state.botUser, fields, {
      files,
      attachmentUrl: this.attachmentUrl,
      ...(ephemeral ? { visibleTo: interaction.user.id } : {}),
    });
  }

  private attached(
    body: Record<string, unknown>,
    files: Files,
    message: RecordedMessage,
  ): Partial<APIMessage> {
    if (files.length === 0 && body['attachments'] === undefined) return {};
    (message.files as { name: string; bytes: Buffer }[]).push(...files);
    const kept = (body['attachments'] as { id: string }[] | undefined) ?? [];
    const old = message.current.attachments.filter(({ id }) => kept.some((one) => String(one.id) === id));
    const added = files.map(({ name, bytes }) => {
      const id = snowflake();
      const url = this.attachmentUrl(id, name);
      return { id, filename: name, size: bytes.length, url, proxy_url: url };
    });
    return { attachments: [...old, ...added] };
  }
}

/** The fields of a message that a request body may set. */
export function messageFields(body: Record<string, unknown>): Partial<APIMessage> {
  const fields: Record<string, unknown> = {};
  for (const name of ['content', 'embeds', 'components'])
    if (body[name] !== undefined) fields[name] = body[name] ?? '';
  return fields as Partial<APIMessage>;
}

export function isLoading(message: RecordedMessage): boolean {
  return (Number(message.current.flags ?? 0) & MessageFlags.Loading) !== 0;
}
