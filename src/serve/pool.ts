import type { LoadSettings, ModelRef } from '../engines/engine.ts';
import { createEngineClient } from '../engines/host/client.ts';
import type { EngineClient } from '../engines/host/types.ts';
import { HttpError } from './http-error.ts';

/** A model on offer under a name. */
export interface Offer {
  /** The name that clients ask for. */
  readonly id: string;
  readonly engine: string;
  readonly model: ModelRef;
  /** Other names that clients may ask for it by. */
  readonly aliases?: readonly string[];
}

export interface PoolOptions {
  readonly idleMs: number;
  /** Engines kept loaded at once; one that is in use is never unloaded for another. */
  readonly maxLoaded: number;
  /** Every engine is loaded with these. */
  readonly settings?: LoadSettings;
  /** Told of every crash. */
  onCrash?(offer: Offer): void;
  /** Another way to open an engine (with a limit of memory, as a test's). */
  open?(offer: Offer): EngineClient;
}

interface Opened {
  readonly client: EngineClient;
  users: number;
  lastUse: number;
}

/** The engines that serve: opened on first use, the least recently used unloaded for another. */
export class EnginePool implements AsyncDisposable {
  readonly offers: readonly Offer[];
  readonly #options: PoolOptions;
  readonly #opened = new Map<string, Opened>();
  #uses = 0;

  constructor(offers: readonly Offer[], options: PoolOptions) {
    this.offers = offers;
    this.#options = options;
  }

  /** @throws HttpError 404 with the names on offer. */
  find(id: string): Offer {
    const offer =
      this.offers.find((candidate) => candidate.id === id) ??
      this.offers.find(({ aliases }) => aliases?.includes(id));
    if (offer) return offer;
    const known = this.offers.map((candidate) => candidate.id).join(', ');
    throw new HttpError(
      404,
      'model_not_found',
      `No model "${id.slice(0, 100)}" is offered. Offered: ${known}.`,
    );
  }

  /** Known of a loaded engine. */
  peek(id: string): EngineClient | undefined {
    return this.#opened.get(id)?.client;
  }

  /** Runs `use` on the engine; it is not unloaded meanwhile. */
  async with<Result>(offer: Offer, use: (client: EngineClient) => Promise<Result>): Promise<Result> {
    const opened = this.#opened.get(offer.id) ?? this.#open(offer);
    opened.users += 1;
    opened.lastUse = ++this.#uses;
    try {
      if (opened.client.state === 'unloaded') await this.#makeRoom();
      return await use(opened.client);
    } finally {
      opened.users -= 1;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#opened.values()];
    this.#opened.clear();
    await Promise.all(all.map(({ client }) => client[Symbol.asyncDispose]()));
  }

  #open(offer: Offer): Opened {
    const client =
      this.#options.open?.(offer) ??
      createEngineClient({
        engine: offer.engine,
        model: offer.model,
        idleMs: this.#options.idleMs,
        settings: this.#options.settings ?? {},
      });
    client.subscribe((event) => {
      if (event.type === 'crashed') this.#options.onCrash?.(offer);
    });
    const opened: Opened = { client, users: 0, lastUse: 0 };
    this.#opened.set(offer.id, opened);
    return opened;
  }

  /** Unloads what was not used for longest, so that one more may be loaded. */
  async #makeRoom(): Promise<void> {
    const loaded = [...this.#opened].filter(([, { client }]) => client.state !== 'unloaded');
    const idle = loaded
      .filter(([, { users }]) => users === 0)
      .toSorted(([, a], [, b]) => a.lastUse - b.lastUse);
    const surplus = loaded.length + 1 - this.#options.maxLoaded;
    await Promise.all(
      idle.slice(0, Math.max(0, surplus)).map(async ([id, { client }]) => {
        this.#opened.delete(id);
        await client[Symbol.asyncDispose]();
      }),
    );
  }
}
