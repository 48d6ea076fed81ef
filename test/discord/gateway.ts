import type { IncomingMessage, Server } from 'node:http';
import { GatewayIntentBits, GatewayOpcodes } from 'discord-api-types/v10';
import { type WebSocket, WebSocketServer } from 'ws';
import { shardOf } from './snowflake.ts';

/** One event as it was sent, kept for RESUME. */
interface Dispatch {
  readonly s: number;
  readonly t: string;
  readonly d: unknown;
}

interface Session {
  readonly id: string;
  readonly shard: readonly [number, number];
  readonly intents: number;
  socket: WebSocket | undefined;
  sequence: number;
  /** Everything ever sent, so that a RESUME can replay what was missed. */
  readonly sent: Dispatch[];
}

export interface GatewayOptions {
  readonly token: string;
  readonly heartbeatMs?: number;
  /** Privileged intents the application has; others close with 4014. Default: all. */
  readonly allowedIntents?: number;
  readonly url: () => string;
  ready(shard: readonly [number, number]): { ready: object; guilds: readonly object[] };
}

/** What a test may do to the gateway. */
export interface GatewayFaults {
  /** Stop answering heartbeats (a zombie connection). */
  muteHeartbeats: boolean;
  /** Answer every RESUME with INVALID_SESSION. */
  refuseResume: boolean;
  /** Send every n-th dispatch twice; 0 never. */
  duplicateEvery: number;
  /** Close the connection with 4000 right after every n-th dispatch; 0 never. */
  dropEvery: number;
}

const intentOf: Readonly<Record<string, number>> = {
  MESSAGE_CREATE: GatewayIntentBits.GuildMessages | GatewayIntentBits.DirectMessages,
  GUILD_CREATE: GatewayIntentBits.Guilds,
  GUILD_DELETE: GatewayIntentBits.Guilds,
  CHANNEL_CREATE: GatewayIntentBits.Guilds,
  THREAD_CREATE: GatewayIntentBits.Guilds,
};

/** The gateway half of the loopback Discord: HELLO, IDENTIFY, READY, heartbeats, RESUME, dispatches, close codes. */
export class FakeGateway {
  readonly faults: GatewayFaults = {
    muteHeartbeats: false,
    refuseResume: false,
    duplicateEvery: 0,
    dropEvery: 0,
  };
  /** Counts for asserts. */
  readonly seen = { identifies: 0, resumes: 0, heartbeats: 0, connections: 0 };
  private readonly sessions = new Map<string, Session>();
  private readonly server = new WebSocketServer({ noServer: true });
  private readonly options: GatewayOptions;
  private dispatches = 0;

  constructor(http: Server, options: GatewayOptions) {
    this.options = options;
    http.on('upgrade', (request: IncomingMessage, socket, head) => {
      this.server.handleUpgrade(request, socket, head, (connection) => this.accept(connection));
    });
  }

  /** Number of shards that are connected and identified. */
  get connected(): number {
    return [...this.sessions.values()].filter(({ socket }) => socket).length;
  }

  /** Sends an event to the sessions that Discord would send it to (shard, intents). */
  dispatch(event: string, data: object, guildId: string | undefined): void {
    for (const session of this.sessions.values()) {
      const [shard, count] = session.shard;
      if (shard !== (guildId === undefined ? 0 : shardOf(guildId, count))) continue;
      const needed = intentOf[event] ?? 0;
      if (needed !== 0 && (session.intents & needed) === 0) continue;
      this.send(session, event, data);
    }
  }

  /** True when a session of this guild has the message-content intent. */
  seesContent(guildId: string | undefined): boolean {
    return [...this.sessions.values()].some(
      ({ shard, intents }) =>
        shard[0] === (guildId === undefined ? 0 : shardOf(guildId, shard[1])) &&
        (intents & GatewayIntentBits.MessageContent) !== 0,
    );
  }

  /** Closes every connection: 4000 lets a client RESUME, 4004 and 4014 are fatal, 1006-like: terminate. */
  closeAll(code: number): void {
    for (const socket of this.server.clients) {
      if (code === 1006) socket.terminate();
      else socket.close(code);
    }
  }

  /** Drops every session, so that what happens now is replayed to nobody. */
  forgetSessions(): void {
    this.sessions.clear();
  }

  /** Forgets what was sent: a RESUME replays nothing from before. For long runs, which would hold every event. */
  forgetSent(): void {
    for (const { sent } of this.sessions.values()) sent.length = 0;
  }

  /** Asks every client to reconnect (opcode 7). */
  askReconnect(): void {
    for (const { socket } of this.sessions.values())
      socket?.send(JSON.stringify({ op: GatewayOpcodes.Reconnect, d: null }));
  }

  async close(): Promise<void> {
    for (const socket of this.server.clients) socket.terminate();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private accept(socket: WebSocket): void {
    this.seen.connections += 1;
    let session: Session | undefined;
    const send = (op: GatewayOpcodes, d: unknown) => socket.send(JSON.stringify({ op, d, s: null, t: null }));
    socket.on('close', () => {
      if (session?.socket === socket) session.socket = undefined;
    });
    socket.on('message', (raw) => {
      const { op, d } = JSON.parse(String(raw));
      switch (op) {
        case GatewayOpcodes.Heartbeat:
          this.seen.heartbeats += 1;
          if (!this.faults.muteHeartbeats) send(GatewayOpcodes.HeartbeatAck, null);
          return;
        case GatewayOpcodes.Identify:
          session = this.identify(socket, d);
          return;
        case GatewayOpcodes.Resume:
          session = this.resume(socket, d);
          return;
        case GatewayOpcodes.PresenceUpdate:
        case GatewayOpcodes.VoiceStateUpdate:
        case GatewayOpcodes.RequestGuildMembers:
          return;
        default:
          socket.close(4001, `Unknown opcode ${op}`);
      }
    });
    send(GatewayOpcodes.Hello, { heartbeat_interval: this.options.heartbeatMs ?? 41_250 });
  }

  private identify(
    socket: WebSocket,
    data: { token: string; intents: number; shard?: [number, number] },
  ): Session | undefined {
    this.seen.identifies += 1;
    if (data.token !== this.options.token) {
      socket.close(4004, 'Authentication failed.');
      return undefined;
    }
    if ((data.intents & ~(this.options.allowedIntents ?? -1)) !== 0) {
      socket.close(4014, 'Disallowed intent(s).');
      return undefined;
    }
    const shard = data.shard ?? [0, 1];
    const id = `session-${this.seen.identifies}`;
    const session: Session = { id, shard, intents: data.intents, socket, sequence: 0, sent: [] };
    for (const [key, old] of this.sessions) if (old.shard[0] === shard[0]) this.sessions.delete(key);
    this.sessions.set(id, session);
    const { ready, guilds } = this.options.ready(shard);
    this.send(session, 'READY', { ...ready, session_id: id, resume_gateway_url: this.options.url(), shard });
    for (const guild of guilds) this.send(session, 'GUILD_CREATE', guild);
    return session;
  }

  private resume(
    socket: WebSocket,
    data: { token: string; session_id: string; seq: number },
  ): Session | undefined {
    this.seen.resumes += 1;
    const session = this.sessions.get(data.session_id);
    if (!session || this.faults.refuseResume || data.token !== this.options.token) {
      if (session) this.sessions.delete(session.id);
      socket.send(JSON.stringify({ op: GatewayOpcodes.InvalidSession, d: false }));
      return undefined;
    }
    session.socket = socket;
    for (const missed of session.sent.filter(({ s }) => s > data.seq))
      socket.send(JSON.stringify({ op: 0, ...missed }));
    this.send(session, 'RESUMED', {});
    return session;
  }

  private send(session: Session, event: string, data: unknown): void {
    session.sequence += 1;
    const dispatch: Dispatch = { s: session.sequence, t: event, d: data };
    session.sent.push(dispatch);
    const text = JSON.stringify({ op: GatewayOpcodes.Dispatch, ...dispatch });
    session.socket?.send(text);
    if (event === 'READY' || event === 'RESUMED' || event === 'GUILD_CREATE') return;
    this.dispatches += 1;
    const every = (n: number) => n > 0 && this.dispatches % n === 0;
    if (every(this.faults.duplicateEvery)) session.socket?.send(text);
    if (every(this.faults.dropEvery)) session.socket?.close(4000, 'Dropped by the test.');
  }
}
