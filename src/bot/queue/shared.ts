import type { ChildProcess } from 'node:child_process';
import { AppError, type WireError } from '../../errors.ts';
import type { QueueRequest, RequestQueue, Slot } from './types.ts';

/** What a shard says to the process that all shards share; `id` counts its requests. */
type Asked =
  | ({ readonly type: 'enter'; readonly id: number } & Omit<QueueRequest, 'signal' | 'onPosition'>)
  | { readonly type: 'charge'; readonly id: number; readonly userId: string }
  /** The slot is given back, or no longer waited for. */
  | { readonly type: 'leave'; readonly id: number };

/** What it is told. */
type Told =
  | { readonly type: 'position'; readonly id: number; readonly position: number }
  | { readonly type: 'slot'; readonly id: number; readonly number: number; readonly waitedMs: number }
  | { readonly type: 'charged'; readonly id: number }
  | { readonly type: 'refused'; readonly id: number; readonly error: WireError };

/**
 * Lets a shard's requests take their turn among those of all shards. Whatever it holds is given back when its
 * process ends.
 */
export function serveQueue(queue: RequestQueue, shard: ChildProcess): void {
  const leaving = new Map<number, AbortController>();
  let ended = false;
  const tell = (told: Told) => {
    // a shard may end at any moment: its exit is handled below
    if (shard.connected) shard.send(told, () => {});
  };
  const refuse = (id: number) => (error: unknown) => {
    leaving.delete(id);
    tell({ type: 'refused', id, error: AppError.from(error).toWire() });
  };
  shard.on('message', (message) => {
    // its last words may arrive after its exit: nobody would give back what they ask for
    if (ended) return;
    const asked = message as Asked;
    switch (asked.type) {
      case 'charge':
        queue.charge(asked.userId).then(() => tell({ type: 'charged', id: asked.id }), refuse(asked.id));
        return;
      case 'enter': {
        const { type: _, id, ...request } = asked;
        const left = new AbortController();
        leaving.set(id, left);
        const { signal } = left;
        const onPosition = (position: number) => tell({ type: 'position', id, position });
        queue.enter({ ...request, signal, onPosition }).then((slot) => {
          if (signal.aborted) return slot[Symbol.dispose]();
          signal.addEventListener('abort', () => slot[Symbol.dispose](), { once: true });
          tell({ type: 'slot', id, number: slot.number, waitedMs: slot.waitedMs });
        }, refuse(id));
        return;
      }
      case 'leave':
        leaving.get(asked.id)?.abort();
        leaving.delete(asked.id);
        return;
      default:
        asked satisfies never;
    }
  });
  shard.once('exit', () => {
    ended = true;
    for (const left of leaving.values()) left.abort();
    leaving.clear();
  });
}

/** The process that the shards share, as a shard sees it: `process` with an IPC channel. */
type Parent = Pick<NodeJS.Process, 'send'> & {
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
};

interface Pending {
  readonly onPosition: QueueRequest['onPosition'];
  settle(told: Exclude<Told, { type: 'position' }>): void;
  fail(error: AppError): void;
}

/** A shard's end of the queue that all shards share: the limits hold over all of them. */
export class SharedQueue implements RequestQueue {
  private readonly parent: Parent;
  private readonly pending = new Map<number, Pending>();
  private running = 0;
  private lastId = 0;

  constructor(parent: Parent) {
    this.parent = parent;
    parent.on('message', (message) => this.hear(message as Told));
    parent.on('disconnect', () => {
      for (const { fail } of this.pending.values()) fail(gone());
      this.pending.clear();
    });
  }

  get size(): { running: number; waiting: number } {
    return { running: this.running, waiting: this.pending.size };
  }

  async enter({ signal, onPosition, ...request }: QueueRequest): Promise<Slot> {
    signal.throwIfAborted();
    const id = this.nextId();
    const leave = () => this.say({ type: 'leave', id });
    const answer = this.expect(id, onPosition);
    const giveUp = () => {
      this.pending.delete(id);
      leave();
      answer.reject(signal.reason);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    this.say({ type: 'enter', id, ...request });
    try {
      const told = await answer.promise;
      // given up in the very moment it came: it has been given back already
      signal.throwIfAborted();
      if (told.type !== 'slot')
        throw new AppError('INTERNAL', `The queue answered ${told.type}, not a slot.`);
      this.running += 1;
      let held = true;
      return {
        number: told.number,
        waitedMs: told.waitedMs,
        [Symbol.dispose]: () => {
          if (!held) return;
          held = false;
          this.running -= 1;
          leave();
        },
      };
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  async charge(userId: string): Promise<void> {
    const id = this.nextId();
    const answer = this.expect(id, undefined);
    this.say({ type: 'charge', id, userId });
    await answer.promise;
  }

  private expect(id: number, onPosition: QueueRequest['onPosition']) {
    const answer = Promise.withResolvers<Exclude<Told, { type: 'position' | 'refused' }>>();
    this.pending.set(id, {
      onPosition,
      settle: (told) =>
        told.type === 'refused' ? answer.reject(AppError.fromWire(told.error)) : answer.resolve(told),
      fail: answer.reject,
    });
    return answer;
  }

  private hear(told: Told): void {
    // of a request that was given up meanwhile nothing is expected any more
    const request = this.pending.get(told.id);
    if (told.type === 'position') {
      request?.onPosition?.(told.position);
      return;
    }
    this.pending.delete(told.id);
    request?.settle(told);
  }

  private say(asked: Asked): void {
    this.parent.send?.(asked, undefined, {}, (error) => {
      if (!error) return;
      this.pending.get(asked.id)?.fail(gone());
      this.pending.delete(asked.id);
    });
  }

  private nextId(): number {
    this.lastId += 1;
    return this.lastId;
  }
}

const gone = () => new AppError('QUEUE_FULL', 'The bot is about to restart. Ask again in a minute.');
