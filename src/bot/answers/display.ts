import { DiscordAPIError } from 'discord.js';
import type { Payload, Place } from './place.ts';

/** Discord's code for a message that is no longer there. */
const unknownMessage = 10_008;

export interface DisplayOptions {
  /** Least time between two rounds of edits, in milliseconds. Discord allows about five in five seconds. */
  readonly intervalMs: number;
  /** Messages that show the answer already (after a restart). */
  readonly messageIds?: readonly string[];
  /** Told the ids whenever a message has been added. */
  onMessages(ids: readonly string[]): void;
}

/**
 * Keeps an answer's messages as they should look. `show` may be called for every token: only the newest state
 * is sent, one round at a time, no faster than the interval. A message that a person deleted is not brought back.
 */
export class Display {
  private readonly place: Place;
  private readonly options: DisplayOptions;
  private readonly ids: (string | undefined)[];
  private readonly shown: string[] = [];
  private wanted: readonly Payload[] = [];
  private round: Promise<void> | undefined;
  private lastRound = 0;
  private timer: NodeJS.Timeout | undefined;
  private failure: unknown;

  constructor(place: Place, options: DisplayOptions) {
    this.place = place;
    this.options = options;
    this.ids = [...(options.messageIds ?? [])];
  }

  /** Wants the answer to look like this, soon. @throws what an earlier round threw, so that generation stops. */
  show(payloads: readonly Payload[]): void {
    if (this.failure !== undefined) throw this.failure;
    this.wanted = payloads;
    if (this.round || this.timer) return;
    const wait = Math.max(0, this.lastRound + this.options.intervalMs - Date.now());
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.start();
    }, wait);
  }

  /** Shows the last state and waits until it is there. */
  async finish(payloads: readonly Payload[]): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.round?.catch(() => {});
    this.wanted = payloads;
    await this.reconcile();
  }

  private start(): void {
    this.round = this.reconcile()
      .catch((error: unknown) => {
        this.failure = error;
      })
      .finally(() => {
        this.round = undefined;
        this.lastRound = Date.now();
        if (this.failure === undefined && this.stale()) this.show(this.wanted);
      });
  }

  private stale(): boolean {
    return this.wanted.some((payload, position) => this.shown[position] !== key(payload));
  }

  private async reconcile(): Promise<void> {
    const wanted = this.wanted;
    for (const [position, payload] of wanted.entries()) {
      if (this.shown[position] === key(payload)) continue;
      const id = this.ids[position];
      if (id === undefined) {
        this.ids[position] = await this.place.create(position, payload);
        this.options.onMessages(this.ids.filter((one) => one !== undefined));
      } else {
        await this.place.edit(id, payload).catch((error: unknown) => {
          if (!(error instanceof DiscordAPIError) || error.code !== unknownMessage) throw error;
        });
      }
      this.shown[position] = key(payload);
    }
  }
}

function key(payload: Payload): string {
  const files = payload.files?.map(({ name, data }) => [name, data.length]);
  return JSON.stringify([payload.content, payload.components, files]);
}
