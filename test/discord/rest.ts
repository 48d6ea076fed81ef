import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type APIApplicationCommand, ChannelType, MessageFlags } from 'discord-api-types/v10';
import type { z } from 'zod';
import { type Answer, type Interactions, messageFields } from './interactions.ts';
import { RateLimiter } from './limiter.ts';
import { applicationPayload, channelPayload, guildPayload, memberPayload } from './payloads.ts';
import * as schemas from './schemas.ts';
import { snowflake } from './snowflake.ts';
import type { DiscordState, FakeChannel, RecordedMessage } from './state.ts';

/** One request as the bot made it. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly at: number;
  readonly body: unknown;
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Record<string, unknown>;
  readonly files: RecordedMessage['files'];
}

export interface RestFaults {
  /** Every request waits this long, in milliseconds. */
  delayMs: number;
  /** Answer the next n requests whose path matches with this status. */
  failNext: { pattern: RegExp; status: number; times: number } | undefined;
  /** Do what the next n such requests ask for, and answer with this status all the same. */
  failAfter: { pattern: RegExp; status: number; times: number } | undefined;
}

export interface RestOptions {
  readonly token: string;
  readonly shards: number;
  readonly state: DiscordState;
  readonly interactions: () => Interactions;
  onMessage(message: RecordedMessage, channel: FakeChannel): void;
  onThread(channel: FakeChannel): void;
}

type Handler = (match: RegExpExecArray, call: Call) => Answer;

const failure = (status: number, code: number, message: string, errors?: unknown): Answer => ({
  status,
  body: { code, message, ...(errors === undefined ? {} : { errors }) },
});

/** The REST half of the loopback Discord. */
export class FakeRest {
  readonly http: Server;
  readonly requests: RecordedRequest[] = [];
  readonly limiter = new RateLimiter();
  readonly faults: RestFaults = { delayMs: 0, failNext: undefined, failAfter: undefined };
  /** Bodies that broke a limit of Discord's. */
  readonly invalid: { readonly path: string; readonly issues: unknown }[] = [];
  readonly files = new Map<string, Buffer>();
  private readonly options: RestOptions;
  private readonly routes: readonly (readonly [string, RegExp, Handler])[];

  constructor(options: RestOptions) {
    this.options = options;
    this.routes = this.createRoutes();
    this.http = createServer((request, response) => {
      this.answer(request).then(
        ({ status, body, headers, raw }) => {
          const type = raw ? 'text/plain' : 'application/json';
          response.writeHead(status, {
            ...(raw || body !== undefined ? { 'content-type': type } : {}),
            ...headers,
          });
          response.end(raw ?? (body === undefined ? undefined : JSON.stringify(body)));
        },
        (error: unknown) => {
          response.writeHead(500).end(String(error));
        },
      );
    });
  }

  get origin(): string {
    return `127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  attachmentUrl = (id: string, name: string): string => `http://${this.origin}/attachments/${id}/${name}`;

  private async answer(
    request: IncomingMessage,
  ): Promise<Answer & { headers?: Readonly<Record<string, string>>; raw?: Buffer }> {
    const url = new URL(request.url ?? '/', `http://${this.origin}`);
    const file = /^\/attachments\/(\d+)\//.exec(url.pathname)?.[1];
    if (file) {
      const raw = this.files.get(file);
      return raw ? { status: 200, raw } : { status: 404 };
    }
    const method = request.method ?? 'GET';
    const path = decodeURIComponent(url.pathname).replace(/^\/api(\/v\d+)?/, '');
    const { body, files } = await readBody(request);
    if (this.faults.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.faults.delayMs));
    const record = (answer: Answer) => {
      this.requests.push({ method, path, status: answer.status, at: Date.now(), body });
      return answer;
    };
    const verdict = this.limiter.check(method, path);
    if (verdict.limited) {
      const refusal = {
        message: 'You are being rate limited.',
        retry_after: verdict.retryAfterSeconds,
        global: false,
      };
      return { ...record({ status: 429, body: refusal }), headers: verdict.headers };
    }
    const fault = this.faults.failNext;
    if (fault && fault.times > 0 && fault.pattern.test(`${method} ${path}`)) {
      fault.times -= 1;
      return record(failure(fault.status, 0, 'A failure that the test asked for'));
    }
    const open = path.startsWith('/interactions/') || path.startsWith('/webhooks/');
    if (!open && request.headers.authorization !== `Bot ${this.options.token}`) {
      return record(failure(401, 0, '401: Unauthorized'));
    }
    for (const [routeMethod, pattern, handler] of this.routes) {
      const match = routeMethod === method ? pattern.exec(path) : null;
      if (match) {
        const answer = handler(match, { method, path, query: url.searchParams, body, files });
        const after = this.faults.failAfter;
        if (after && after.times > 0 && after.pattern.test(`${method} ${path}`)) {
          after.times -= 1;
          return record(failure(after.status, 0, 'A failure that the test asked for'));
        }
        return { ...record(answer), headers: verdict.headers };
      }
    }
    return record(failure(404, 0, `404: Not Found ${method} ${path}`));
  }

  private checked(schema: z.ZodType, call: Call, then: () => Answer): Answer {
    const result = schema.safeParse(call.body);
    if (result.success) return then();
    this.invalid.push({ path: call.path, issues: result.error.issues });
    return failure(400, 50035, 'Invalid Form Body', result.error.issues);
  }

  private createRoutes(): [string, RegExp, Handler][] {
    const { state } = this.options;
    const interactions = this.options.interactions;
    const bot = state.botUser;
    const channelOf = (id: string | undefined) => state.channels.get(id ?? '');
    const hook = /^\/webhooks\/\d+\/([^/]+)\/messages\/([^/]+)$/;
    return [
      ['GET', /^\/gateway\/bot$/, () => ({ status: 200, body: this.gatewayBot() })],
      ['GET', /^\/users\/@me$/, () => ({ status: 200, body: bot })],
      ['GET', /^\/users\/(\d+)$/, ([, id]) => found(state.users.get(id!), 10013, 'Unknown User')],
      ['GET', /^\/(?:oauth2\/)?applications\/@me$/, () => ({ status: 200, body: applicationPayload(state) })],
      ['POST', /^\/users\/@me\/channels$/, (_, call) => this.openDirect(call)],
      ['GET', /^\/applications\/\d+(?:\/guilds\/(\d+))?\/commands$/, ([, guild]) => this.listCommands(guild)],
      [
        'PUT',
        /^\/applications\/\d+(?:\/guilds\/(\d+))?\/commands$/,
        ([, guild], call) => this.putCommands(guild, call),
      ],
      [
        'POST',
        /^\/interactions\/(\d+)\/([^/]+)\/callback$/,
        ([, id, token], call) =>
          this.checked(schemas.interactionCallback, call, () => {
            const answer = interactions().callback(id!, token!, call.body as { type: number }, call.files);
            return answer.status === 200 && call.query.get('with_response') !== 'true'
              ? { status: 204 }
              : answer;
          }),
      ],
      [
        'POST',
        /^\/webhooks\/\d+\/([^/]+)$/,
        ([, token], call) =>
          this.checked(schemas.message, call, () => interactions().followUp(token!, call.body, call.files)),
      ],
      [
        'PATCH',
        hook,
        ([, token, id], call) =>
          this.checked(schemas.message, call, () => interactions().edit(token!, id!, call.body, call.files)),
      ],
      ['GET', hook, ([, token, id]) => interactions().read(token!, id!)],
      ['DELETE', hook, ([, token, id]) => interactions().remove(token!, id!)],
      [
        'GET',
        /^\/channels\/(\d+)$/,
        ([, id]) => {
          const channel = channelOf(id);
          return found(channel && channelPayload(channel, bot.id), 10003, 'Unknown Channel');
        },
      ],
      ['GET', /^\/channels\/(\d+)\/messages$/, ([, id], call) => this.history(id!, call)],
      [
        'GET',
        /^\/channels\/(\d+)\/messages\/(\d+)$/,
        ([, , id]) => this.withMessage(id!, ({ current }) => ({ status: 200, body: current })),
      ],
      ['POST', /^\/channels\/(\d+)\/messages$/, ([, id], call) => this.createMessage(id!, call)],
      ['PATCH', /^\/channels\/(\d+)\/messages\/(\d+)$/, ([, , id], call) => this.editMessage(id!, call)],
      [
        'DELETE',
        /^\/channels\/(\d+)\/messages\/(\d+)$/,
        ([, , id]) => this.withMessage(id!, (message) => this.delete(message)),
      ],
      ['POST', /^\/channels\/(\d+)\/typing$/, ([, id]) => this.type(id!)],
      [
        'POST',
        /^\/channels\/(\d+)(?:\/messages\/(\d+))?\/threads$/,
        ([, id, message], call) => this.createThread(id!, message, call),
      ],
      [
        'PUT',
        /^\/channels\/\d+\/messages\/(\d+)\/reactions\/([^/]+)\/@me$/,
        ([, id, emoji]) => this.react(id!, emoji!),
      ],
      ['DELETE', /^\/channels\/\d+\/messages\/(\d+)\/reactions\/([^/]+)\/@me$/, () => ({ status: 204 })],
      ['GET', /^\/guilds\/(\d+)$/, ([, id]) => found(this.guild(id!), 10004, 'Unknown Guild')],
      [
        'GET',
        /^\/guilds\/\d+\/members\/(\d+)$/,
        ([, id]) =>
          found(
            state.users.has(id!) ? memberPayload(state.users.get(id!)!) : undefined,
            10007,
            'Unknown Member',
          ),
      ],
    ];
  }

  private gatewayBot(): object {
    return {
      url: `ws://${this.origin}/`,
      shards: this.options.shards,
      session_start_limit: { total: 1_000, remaining: 999, reset_after: 86_400_000, max_concurrency: 16 },
    };
  }

  private guild(id: string): object | undefined {
    const guild = this.options.state.guilds.get(id);
    return guild && guildPayload(guild, this.options.state);
  }

  private openDirect(call: Call): Answer {
    const { state } = this.options;
    const user = state.users.get(String(call.body['recipient_id']));
    return found(user && channelPayload(state.directChannel(user), state.botUser.id), 10013, 'Unknown User');
  }

  private listCommands(guild = ''): Answer {
    return { status: 200, body: this.options.state.commands.get(guild) ?? [] };
  }

  private putCommands(guild = '', call: Call): Answer {
    return this.checked(schemas.command.array().max(100) as unknown as z.ZodType, call, () => {
      const { state } = this.options;
      const bodies = call.body as unknown as APIApplicationCommand[];
      const version = snowflake();
      const old = state.commands.get(guild) ?? [];
      const commands = bodies.map((body) => ({
        ...body,
        type: body.type ?? 1,
        id: old.find(({ name, type }) => name === body.name && type === (body.type ?? 1))?.id ?? snowflake(),
        application_id: state.applicationId,
        version,
        ...(guild === '' ? {} : { guild_id: guild }),
      }));
      state.commands.set(guild, commands);
      return { status: 200, body: commands };
    });
  }

  private history(channelId: string, call: Call): Answer {
    const limit = Number(call.query.get('limit') ?? 50);
    const before = call.query.get('before');
    const after = call.query.get('after');
    const all = this.options.state.visible(channelId).map(({ current }) => current);
    if (after)
      return {
        status: 200,
        body: all
          .filter(({ id }) => BigInt(id) > BigInt(after))
          .slice(0, limit)
          .reverse(),
      };
    const older = before ? all.filter(({ id }) => BigInt(id) < BigInt(before)) : all;
    return { status: 200, body: older.slice(-limit).reverse() };
  }

  private createMessage(channelId: string, call: Call): Answer {
    const { state } = this.options;
    const channel = state.channels.get(channelId);
    if (!channel) return failure(404, 10003, 'Unknown Channel');
    if (channel.deniedToBot !== 0n) return failure(403, 50013, 'Missing Permissions');
    return this.checked(schemas.message, call, () => {
      const empty = !call.body['content'] && !call.body['embeds'] && call.files.length === 0;
      if (empty) return failure(400, 50006, 'Cannot send an empty message');
      const twin = call.body['enforce_nonce'] === true && this.findNonce(channelId, call.body['nonce']);
      if (twin) return { status: 200, body: twin.current };
      const reference = call.body['message_reference'] as { message_id: string } | undefined;
      const message = state.addMessage(
        channel,
        state.botUser,
        {
          ...messageFields(call.body),
          flags: Number(call.body['flags'] ?? 0) & MessageFlags.SuppressEmbeds,
          nonce: call.body['nonce'] as string,
          ...(reference
            ? { type: 19, message_reference: { type: 0, ...reference, channel_id: channelId } }
            : {}),
        },
        { files: call.files, attachmentUrl: this.attachmentUrl },
      );
      message.files.forEach(({ bytes }, index) => {
        this.files.set(message.current.attachments[index]!.id, bytes);
      });
      this.options.onMessage(message, channel);
      return { status: 200, body: message.current };
    });
  }

  /** With an enforced nonce a message that is there already is answered again, as on Discord. */
  private findNonce(channelId: string, nonce: unknown): RecordedMessage | undefined {
    const { botUser } = this.options.state;
    return this.options.state
      .visible(channelId)
      .find(({ current }) => current.author.id === botUser.id && current.nonce === nonce);
  }

  private editMessage(id: string, call: Call): Answer {
    return this.withMessage(id, (message) =>
      this.checked(schemas.message, call, () => {
        if (message.current.author.id !== this.options.state.botUser.id)
          return failure(403, 50005, 'Cannot edit');
        this.options.state.editMessage(message, messageFields(call.body));
        return { status: 200, body: message.current };
      }),
    );
  }

  private delete(message: RecordedMessage): Answer {
    this.options.state.deleteMessage(message);
    return { status: 204 };
  }

  private type(channelId: string): Answer {
    this.options.state.typing.push({ channelId, at: Date.now() });
    return { status: 204 };
  }

  private react(messageId: string, emoji: string): Answer {
    this.options.state.reactions.push({ messageId, emoji: emoji });
    return { status: 204 };
  }

  private createThread(channelId: string, messageId: string | undefined, call: Call): Answer {
    const { state } = this.options;
    const parent = state.channels.get(channelId);
    const guild = parent?.guildId === undefined ? undefined : state.guilds.get(parent.guildId);
    if (!parent || !guild) return failure(404, 10003, 'Unknown Channel');
    const thread = state.addChannel(guild, String(call.body['name']), {
      type: ChannelType.PublicThread,
      parentId: channelId,
      // a thread on a message has that message's id
      ...(messageId === undefined ? {} : { id: messageId }),
    });
    this.options.onThread(thread);
    return { status: 201, body: channelPayload(thread, state.botUser.id) };
  }

  private withMessage(id: string, then: (message: RecordedMessage) => Answer): Answer {
    const message = this.options.state.messages.get(id);
    return message && !message.deleted ? then(message) : failure(404, 10008, 'Unknown Message');
  }
}

function found(body: unknown, code: number, message: string): Answer {
  return body === undefined ? failure(404, code, message) : { status: 200, body };
}

/** Reads JSON, or a multipart form whose `payload_json` is the body and whose other parts are files. */
async function readBody(
  request: IncomingMessage,
): Promise<{ body: Record<string, unknown>; files: RecordedMessage['files'] }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const type = request.headers['content-type'] ?? '';
  if (bytes.length === 0) return { body: {}, files: [] };
  if (!type.startsWith('multipart/form-data')) return { body: JSON.parse(bytes.toString('utf8')), files: [] };
  const form = await new Response(bytes, { headers: { 'content-type': type } }).formData();
  const files: { name: string; bytes: Buffer }[] = [];
  for (const value of form.values()) {
    if (typeof value !== 'string')
      files.push({ name: value.name, bytes: Buffer.from(await value.arrayBuffer()) });
  }
  return { body: JSON.parse(String(form.get('payload_json') ?? '{}')), files };
}
