import { AppError } from '../errors.ts';

export interface QueueLimits {
  /** Answers generated at once on one engine. */
  readonly slots: number;
  /** Requests that may wait for a slot of one engine. */
  readonly waiting: number;
  /** Requests of one person that may run or wait at once, over all engines. */
  readonly perUser: number;
  /** Requests of one server that may run or wait at once, over all engines. */
  readonly perGuild: number;
  /** A person's next request must come this long after the last one began, in milliseconds. */
  readonly cooldownMs: number;
}

export interface QueueRequest {
  readonly engine: string;
  readonly userId: string;
  /** Absent in direct messages. */
  readonly guildId?: string;
  readonly signal: AbortSignal;
  /** Part of a command that asks several engines: `charge` has met the person's own limits for all of them. */
  readonly charged?: boolean;
  /** Told whenever the place changes: 0 is next. */
  onPosition?(position: number): void;
}

interface Waiter {
  readonly request: QueueRequest;
  start(): void;
}

/** A slot of an engine; `using` gives it back. */
export interface Slot extends Disposable {
  /** Milliseconds spent waiting for it. */
  readonly waitedMs: number;
}

/**
 * A bounded, fair queue by engine: people take turns (one who asks five times waits behind one who asks
 * once), and beyond the limits a request is refused at once with a reason.
 */
export class AnswerQueue {
  private readonly limits: QueueLimits;
  private readonly running = new Map<string, QueueRequest[]>();
  private readonly waiting = new Map<string, Waiter[]>();
  private readonly lastStart = new Map<string, number>();
  /** When each person last got a slot, as a running number; emptied whenever nobody waits. */
  private readonly served = new Map<string, number>();
  private serial = 0;
  private readonly now: () => number;

  constructor(limits: QueueLimits, now: () => number = Date.now) {
    this.limits = limits;
    this.now = now;
  }

  /** Requests that run or wait, over all engines. */
  get size(): { running: number; waiting: number } {
    const count = (lists: Iterable<readonly unknown[]>) =>
      [...lists].reduce((sum, list) => sum + list.length, 0);
    return { running: count(this.running.values()), waiting: count(this.waiting.values()) };
  }

  /**
   * Waits for a slot.
   * @throws AppError QUEUE_FULL or QUEUE_COOLDOWN at once; the signal's reason when aborted while waiting.
   */
  async enter(request: QueueRequest): Promise<Slot> {
    request.signal.throwIfAborted();
    if (!request.charged) this.charge(request.userId);
    this.admit(request);
    const since = this.now();
    const slot = (): Slot => ({
      waitedMs: this.now() - since,
      [Symbol.dispose]: () => this.leave(request),
    });
    if (this.list(this.running, request.engine).length < this.limits.slots) {
      this.serve(request);
      return slot();
    }
    return new Promise<Slot>((resolve, reject) => {
      const queue = this.list(this.waiting, request.engine);
      const abort = () => {
        queue.splice(queue.indexOf(waiter), 1);
        this.announce(request.engine);
        reject(request.signal.reason);
      };
      const waiter: Waiter = {
        request,
        start: () => {
          request.signal.removeEventListener('abort', abort);
          this.serve(request);
          resolve(slot());
        },
      };
      request.signal.addEventListener('abort', abort, { once: true });
      queue.push(waiter);
      this.announce(request.engine);
    });
  }

  /**
   * Counts one question against a person's limits. `enter` does so by itself; a command that asks several
   * engines charges once and enters with `charged`.
   * @throws AppError QUEUE_FULL or QUEUE_COOLDOWN.
   */
  charge(userId: string): void {
    const mine = this.requests().filter((request) => request.userId === userId).length;
    if (mine >= this.limits.perUser) {
      throw refusal(
        'QUEUE_FULL',
        `You already have ${mine} answers on the way; ${this.limits.perUser} is the most here.`,
      );
    }
    const now = this.now();
    const wait = (this.lastStart.get(userId) ?? Number.NEGATIVE_INFINITY) + this.limits.cooldownMs - now;
    if (wait > 0) {
      throw new AppError('QUEUE_COOLDOWN', `One moment: you can ask again in ${Math.ceil(wait / 1_000)} s.`);
    }
    this.lastStart.set(userId, now);
  }

  private requests(): QueueRequest[] {
    const waiting = [...this.waiting.values()].flat().map((waiter) => waiter.request);
    return [...[...this.running.values()].flat(), ...waiting];
  }

  private admit(request: QueueRequest): void {
    const all = this.requests();
    const ours = all.filter(({ guildId }) => guildId !== undefined && guildId === request.guildId).length;
    if (ours >= this.limits.perGuild) {
      throw refusal(
        'QUEUE_FULL',
        `This server already has ${ours} answers on the way; ${this.limits.perGuild} is the most.`,
      );
    }
    const free = this.list(this.running, request.engine).length < this.limits.slots;
    const line = this.list(this.waiting, request.engine).length;
    if (!free && line >= this.limits.waiting) {
      throw refusal('QUEUE_FULL', `${line} requests already wait for ${request.engine}; that is the most.`);
    }
  }

  private serve(request: QueueRequest): void {
    this.list(this.running, request.engine).push(request);
    this.serial += 1;
    this.served.set(request.userId, this.serial);
  }

  private leave(request: QueueRequest): void {
    const running = this.list(this.running, request.engine);
    const index = running.indexOf(request);
    if (index < 0) return;
    running.splice(index, 1);
    const next = this.takeFairest(request.engine);
    next?.start();
    this.announce(request.engine);
    this.forgetOldStarts();
    if (this.size.waiting === 0) this.served.clear();
  }

  /** The waiting request whose asker has the fewest running, then was served least recently, then came first. */
  private takeFairest(engine: string): Waiter | undefined {
    const queue = this.list(this.waiting, engine);
    const order = this.order(engine);
    const next = order[0];
    if (next) queue.splice(queue.indexOf(next), 1);
    return next;
  }

  private order(engine: string): Waiter[] {
    const busy = new Map<string, number>();
    for (const { userId } of [...this.running.values()].flat()) busy.set(userId, (busy.get(userId) ?? 0) + 1);
    const turn = (waiter: Waiter, index: number, all: readonly Waiter[]) =>
      (busy.get(waiter.request.userId) ?? 0) +
      all.slice(0, index).filter(({ request }) => request.userId === waiter.request.userId).length;
    return this.list(this.waiting, engine)
      .map((waiter, index, all) => ({
        waiter,
        turn: turn(waiter, index, all),
        served: this.served.get(waiter.request.userId) ?? 0,
        index,
      }))
      .sort((a, b) => a.turn - b.turn || a.served - b.served || a.index - b.index)
      .map(({ waiter }) => waiter);
  }

  private announce(engine: string): void {
    this.order(engine).forEach(({ request }, position) => {
      request.onPosition?.(position);
    });
  }

  /** Keeps the map of last starts from growing with everyone who ever asked. */
  private forgetOldStarts(): void {
    const old = this.now() - this.limits.cooldownMs;
    for (const [userId, at] of this.lastStart) if (at < old) this.lastStart.delete(userId);
  }

  private list<T>(lists: Map<string, T[]>, engine: string): T[] {
    let list = lists.get(engine);
    if (!list) {
      list = [];
      lists.set(engine, list);
    }
    return list;
  }
}

function refusal(code: 'QUEUE_FULL', message: string): AppError {
  return new AppError(code, message, { hint: 'Try again when an answer has ended.' });
}
