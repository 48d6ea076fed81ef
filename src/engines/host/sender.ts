import type { StreamPart } from '../engine.ts';
import { messagesPerAck, windowSize } from './protocol.ts';

type TextDelta = Extract<StreamPart, { type: 'text-delta' }>;

/** Messages are at least this far apart, so that a fast engine does not spend its time on messages. */
const minIntervalMs = 33;
/** A message holds about this many tokens; beyond it the engine waits. */
const batchTokens = 256;

/**
 * Gathers an engine's parts into messages and holds the engine back when the reader is slow: at most
 * `windowSize` messages are unread and one is being gathered.
 */
export class PartSender {
  readonly #send: (parts: readonly StreamPart[]) => void;
  #pending: StreamPart[] = [];
  #size = 0;
  #credit = windowSize;
  #lastSend = Number.NEGATIVE_INFINITY;
  #ending = false;
  #timer: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;

  constructor(send: (parts: readonly StreamPart[]) => void) {
    this.#send = send;
  }

  /** Resolves when there is room for the next part. */
  async add(part: StreamPart): Promise<void> {
    const last = this.#pending.at(-1);
    if (part.type === 'text-delta' && last?.type === 'text-delta' && canJoin(last, part)) {
      this.#pending[this.#pending.length - 1] = join(last, part);
    } else this.#pending.push(part);
    this.#size += part.type === 'text-delta' ? Math.max(1, part.tokenIds.length) : 1;
    this.#flush();
    while (this.#size >= batchTokens) await this.#room();
  }

  /** The reader took `messagesPerAck` messages. */
  ack(): void {
    this.#credit += messagesPerAck;
    this.#flush();
  }

  /** Resolves when everything is sent. */
  async end(): Promise<void> {
    this.#ending = true;
    this.#flush();
    while (this.#pending.length > 0) await this.#room();
  }

  #flush(): void {
    if (this.#pending.length === 0 || this.#credit === 0) return;
    const now = performance.now();
    const wait = this.#lastSend + minIntervalMs - now;
    if (wait > 0 && this.#size < batchTokens && !this.#ending) {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.#flush();
      }, wait);
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#lastSend = now;
    this.#credit -= 1;
    const parts = this.#pending;
    this.#pending = [];
    this.#size = 0;
    this.#send(parts);
    this.#wake?.();
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** Joined deltas must carry probabilities for all of their tokens or for none. */
function canJoin(a: TextDelta, b: TextDelta): boolean {
  return (
    a.sample === b.sample &&
    (a.chosen === undefined) === (b.chosen === undefined) &&
    (a.candidates === undefined) === (b.candidates === undefined)
  );
}

function join(a: TextDelta, b: TextDelta): TextDelta {
  return {
    type: 'text-delta',
    sample: a.sample,
    text: a.text + b.text,
    tokenIds: [...a.tokenIds, ...b.tokenIds],
    ...(a.chosen && b.chosen ? { chosen: [...a.chosen, ...b.chosen] } : {}),
    ...(a.candidates && b.candidates ? { candidates: [...a.candidates, ...b.candidates] } : {}),
  };
}
