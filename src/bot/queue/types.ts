/** A request for a slot of an engine. */
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

/** A slot of an engine; `using` gives it back. */
export interface Slot extends Disposable {
  /** Which of the engine's slots, from 0: nobody else has it meanwhile. */
  readonly number: number;
  /** Milliseconds spent waiting for it. */
  readonly waitedMs: number;
}

/** Where requests wait for their turn: in this process (queue.ts), or in the one that all shards share (shared.ts). */
export interface RequestQueue {
  /** Requests of this process that run or wait, over all engines. */
  readonly size: { readonly running: number; readonly waiting: number };
  /**
   * Waits for a slot.
   * @throws AppError QUEUE_FULL or QUEUE_COOLDOWN at once; the signal's reason when aborted while waiting.
   */
  enter(request: QueueRequest): Promise<Slot>;
  /**
   * Counts one question against a person's limits. `enter` does so by itself; a command that asks several
   * engines charges once and enters with `charged`.
   * @throws AppError QUEUE_FULL or QUEUE_COOLDOWN.
   */
  charge(userId: string): Promise<void>;
}
