import { AppError } from '../../errors.ts';
import type { QueueRequest, RequestQueue, Slot } from './types.ts';

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

interface Waiter {
  readonly request: QueueRequest;
  start(slot: number): void;
}

/**
 * A bounded, fair queue by engine: people take turns (one who asks five times waits behind one who asks
 * once), and beyond the limits a request is refused at once with a reason.
 */
export class AnswerQueue implements RequestQueue {
  private readonly limits: QueueLimits;
  /** By engine: who has which slot. */
  private readonly running = new Map<string, Map<number, QueueRequest>>();
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

  get size(): { running: number; waiting: number } {
    const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
    return {
      running: sum([...this.running.values()].map(({ size }) => size)),
      waiting: sum([...this.waiting.values()].map(({ length }) => length)),
    };
  }

  async enter(request: QueueRequest): Promise<Slot> {
    request.signal.throwIfAborted();
    if (!request.charged) this.meetPersonalLimits(request.userId);
    this.admit(request);
    const since = this.now();
    const slot = (number: number): Slot => ({
      number,
      waitedMs: this.now() - since,
      [Symbol.dispose]: () => this.leave(request, number),
    });
    const free = this.freeSlot(request.engine);
    if (free !== undefined) {
      this.serve(request, free);
      return slot(free);
    }
    return new Promise<Slot>((resolve, reject) => {
      const queue = this.line(request.engine);
      const abort = () => {
        queue.splice(queue.indexOf(waiter), 1);
        this.announce(request.engine);
        reject(request.signal.reason);
      };
      const waiter: Waiter = {
        request,
        start: (number) => {
          request.signal.removeEventListener('abort', abort);
          this.serve(request, number);
          resolve(slot(number));
        },
      };
      request.signal.addEventListener('abort', abort, { once: true });
      queue.push(waiter);
      this.announce(request.engine);
    });
  }

  async charge(userId: string): Promise<void> {
    this.meetPersonalLimits(userId);
  }

  private meetPersonalLimits(userId: string): void {
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
    return [...this.inSlots(), ...waiting];
  }

  private inSlots(): QueueRequest[] {
    return [...this.running.values()].flatMap((slots) => [...slots.values()]);
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
    const { length } = this.line(request.engine);
    if (this.freeSlot(request.engine) === undefined && length >= this.limits.waiting) {
      throw refusal('QUEUE_FULL', `${length} requests already wait for ${request.engine}; that is the most.`);
    }
  }

  /** The lowest slot of the engine that nobody has. */
  private freeSlot(engine: string): number | undefined {
    const taken = this.slotsOf(engine);
    if (taken.size >= this.limits.slots) return undefined;
    let number = 0;
    while (taken.has(number)) number += 1;
    return number;
  }

  private serve(request: QueueRequest, slot: number): void {
    this.slotsOf(request.engine).set(slot, request);
    this.serial += 1;
    this.served.set(request.userId, this.serial);
  }

  private leave(request: QueueRequest, slot: number): void {
    const slots = this.slotsOf(request.engine);
    // given back twice, it may be somebody else's by now
    if (slots.get(slot) !== request) return;
    slots.delete(slot);
    this.takeFairest(request.engine)?.start(slot);
    this.announce(request.engine);
    this.forgetOldStarts();
    if (this.size.waiting === 0) this.served.clear();
  }

  /** The waiting request whose asker has the fewest running, then was served least recently, then came first. */
  private takeFairest(engine: string): Waiter | undefined {
    const queue = this.line(engine);
    const order = this.order(engine);
    const next = order[0];
    if (next) queue.splice(queue.indexOf(next), 1);
    return next;
  }

  private order(engine: string): Waiter[] {
    const busy = new Map<string, number>();
    for (const { userId } of this.inSlots()) busy.set(userId, (busy.get(userId) ?? 0) + 1);
    const turn = (waiter: Waiter, index: number, all: readonly Waiter[]) =>
      (busy.get(waiter.request.userId) ?? 0) +
      all.slice(0, index).filter(({ request }) => request.userId === waiter.request.userId).length;
    return this.line(engine)
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

  private line(engine: string): Waiter[] {
    return entry(this.waiting, engine, () => []);
  }

  private slotsOf(engine: string): Map<number, QueueRequest> {
    return entry(this.running, engine, () => new Map());
  }
}

function entry<T>(map: Map<string, T>, key: string, create: () => T): T {
  const value = map.get(key) ?? create();
  map.set(key, value);
  return value;
}

function refusal(code: 'QUEUE_FULL', message: string): AppError {
  return new AppError(code, message, { hint: 'Try again when an answer has ended.' });
}
