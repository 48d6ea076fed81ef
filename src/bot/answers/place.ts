import { MessageFlags, type RawFile, type REST, Routes } from 'discord.js';
import type { AnswerPlace } from '../store/types.ts';

/** One message as it should look. */
export interface Payload {
  readonly content: string;
  /** Rows of buttons, in Discord's JSON. */
  readonly components: readonly object[];
  readonly files?: readonly { readonly name: string; readonly data: Buffer; readonly description?: string }[];
}

/** Where an answer's messages are shown. */
export interface Place {
  /** Shows a payload as a new message and returns its id. `position` counts the answer's messages from 0. */
  create(position: number, payload: Payload): Promise<string>;
  edit(messageId: string, payload: Payload): Promise<void>;
}

/** An interaction's token is given up this long before it expires, in milliseconds. */
const margin = 30_000;

/** Where the bot can write by the token alone, an answer ends this long before it, in milliseconds. */
const endMargin = 60_000;

/** When an answer must end, in ms since 1970, because the bot may not go on there by itself; undefined where it may. */
export function lastMoment(place: AnswerPlace): number | undefined {
  return place.kind === 'interaction' && place.tokenOnly ? place.expiresAt - endMargin : undefined;
}

/**
 * Opens the place of an answer, from what the store knows of it: it works the same for a fresh interaction
 * and after a restart.
 */
export function openPlace(
  rest: REST,
  place: AnswerPlace,
  at: { answerId: string; channelId: string; userId: string },
): Place {
  return place.kind === 'interaction'
    ? new InteractionPlace(rest, place, at)
    : new MessagePlace(rest, place.replyTo, at);
}

function options(payload: Payload, extra: object = {}): { body: unknown; files?: RawFile[] } {
  const body = {
    content: payload.content,
    components: payload.components,
    // no text of a model's ever pings anyone
    allowed_mentions: { parse: [] },
    ...extra,
  };
  if (!payload.files || payload.files.length === 0) return { body };
  const attachments = payload.files.map(({ name, description }, id) => ({ id, filename: name, description }));
  return { body: { ...body, attachments }, files: payload.files.map(({ name, data }) => ({ name, data })) };
}

/** A request that Discord answered with 5xx may have been carried out: the nonce keeps its retry from doubling a message. */
const once = (answerId: string, position: number) => ({
  nonce: `${answerId}.${position}`.slice(-25),
  enforce_nonce: true,
});

class MessagePlace implements Place {
  private readonly rest: REST;
  private readonly replyTo: string | null;
  private readonly at: { answerId: string; channelId: string };

  constructor(rest: REST, replyTo: string | null, at: { answerId: string; channelId: string }) {
    this.rest = rest;
    this.replyTo = replyTo;
    this.at = at;
  }

  async create(position: number, payload: Payload): Promise<string> {
    const reference =
      position === 0 && this.replyTo !== null
        ? { message_reference: { message_id: this.replyTo, fail_if_not_exists: false } }
        : {};
    return createMessage(this.rest, this.at, position, payload, reference);
  }

  async edit(messageId: string, payload: Payload): Promise<void> {
    await this.rest.patch(Routes.channelMessage(this.at.channelId, messageId), options(payload));
  }
}

/**
 * An interaction's answer, which goes on as ordinary messages once the token has expired: in the channel, or
 * privately in the asker's direct messages when the answer is private. Where the bot may write by the token alone,
 * the answer has ended before (`lastMoment`).
 */
class InteractionPlace implements Place {
  private readonly rest: REST;
  private readonly place: Extract<AnswerPlace, { kind: 'interaction' }>;
  private readonly at: { answerId: string; channelId: string; userId: string };
  /** Messages that went to direct messages, by the id they are known under, and where they are. */
  private readonly direct = new Map<string, { readonly id: string; readonly channelId: string }>();

  constructor(rest: REST, place: Extract<AnswerPlace, { kind: 'interaction' }>, at: InteractionPlace['at']) {
    this.rest = rest;
    this.place = place;
    this.at = at;
  }

  private get expired(): boolean {
    return !this.place.tokenOnly && Date.now() > this.place.expiresAt - margin;
  }

  async create(position: number, payload: Payload): Promise<string> {
    const { applicationId, token } = this.place;
    if (!this.expired) {
      // the first message is the deferred answer itself
      if (position === 0) {
        const message = await this.rest.patch(
          Routes.webhookMessage(applicationId, token, '@original'),
          options(payload),
        );
        return (message as { id: string }).id;
      }
      const flags = this.place.private ? { flags: MessageFlags.Ephemeral } : {};
      const message = await this.rest.post(Routes.webhook(applicationId, token), options(payload, flags));
      return (message as { id: string }).id;
    }
    if (!this.place.private) return createMessage(this.rest, this.at, position, payload);
    const sent = await this.sendDirect(position, payload);
    this.direct.set(sent.id, sent);
    return sent.id;
  }

  private async sendDirect(position: number, payload: Payload): Promise<{ id: string; channelId: string }> {
    const channel = (await this.rest.post(Routes.userChannels(), {
      body: { recipient_id: this.at.userId },
    })) as { id: string };
    const id = await createMessage(this.rest, { ...this.at, channelId: channel.id }, position, payload);
    return { id, channelId: channel.id };
  }

  async edit(messageId: string, payload: Payload): Promise<void> {
    const { applicationId, token } = this.place;
    const direct = this.direct.get(messageId);
    if (direct === undefined && !this.expired) {
      await this.rest.patch(Routes.webhookMessage(applicationId, token, messageId), options(payload));
      return;
    }
    if (direct === undefined && this.place.private) {
      // a private message cannot be edited any more: its newest state comes as a direct message
      this.direct.set(messageId, await this.sendDirect(this.direct.size, payload));
      return;
    }
    const { id, channelId } = direct ?? { id: messageId, channelId: this.at.channelId };
    await this.rest.patch(Routes.channelMessage(channelId, id), options(payload));
  }
}

async function createMessage(
  rest: REST,
  at: { answerId: string; channelId: string },
  position: number,
  payload: Payload,
  extra: object = {},
): Promise<string> {
  const body = options(payload, { ...extra, ...once(at.answerId, position) });
  return ((await rest.post(Routes.channelMessages(at.channelId), body)) as { id: string }).id;
}
