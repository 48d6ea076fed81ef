import { resolveModel } from '../../catalogue/catalogue.ts';
import type { ModelRef } from '../../engines/engine.ts';
import { createEngineClient } from '../../engines/host/client.ts';
import type { EngineClient } from '../../engines/host/types.ts';

export interface PoolOptions {
  /** Unload an engine after this many idle milliseconds. */
  readonly idleMs?: number;
  readonly memoryLimitBytes?: number;
  /** Address of an engine service that runs the engines instead (`…/v1`); its models are called `engine/model`. */
  readonly service?: string;
}

/** Engine processes kept at once; those in use are never ended for another. */
const mostEngines = 8;

/** A client on loan; `using` gives it back. */
export interface Loan extends Disposable {
  readonly client: EngineClient;
}

/**
 * The engines of one bot: a client for each model and slot, opened when first needed and kept for the next
 * answer. How many are in use at once is the queue's business.
 */
export class EnginePool implements AsyncDisposable {
  private readonly free = new Map<string, EngineClient[]>();
  private readonly all = new Set<EngineClient>();
  private readonly options: PoolOptions;

  constructor(options: PoolOptions = {}) {
    this.options = options;
  }

  /** @throws AppError UNKNOWN_ENGINE, UNKNOWN_MODEL. */
  async borrow(engine: string, modelId: string | undefined): Promise<Loan> {
    const model = await resolveModel(engine, modelId);
    const key = `${engine}\n${model.path}`;
    const shelf = this.free.get(key) ?? [];
    const kept = shelf.pop();
    if (!kept) await this.makeRoom();
    const client = kept ?? this.open(engine, model);
    this.all.add(client);
    return {
      client,
      [Symbol.dispose]: () => {
        if (client.state === 'closed') return;
        const place = this.free.get(key) ?? [];
        place.push(client);
        // last in the map's order: the last to be ended
        this.free.delete(key);
        this.free.set(key, place);
      },
    };
  }

  /** Ends the engines that were given back longest ago, so that people cannot fill the memory by asking around. */
  private async makeRoom(): Promise<void> {
    for (const [key, shelf] of this.free) {
      if (this.all.size < mostEngines) return;
      const idle = shelf.splice(0);
      if (idle.length === 0) continue;
      this.free.delete(key);
      for (const client of idle) this.all.delete(client);
      await Promise.all(idle.map((client) => client[Symbol.asyncDispose]()));
    }
  }

  private open(engine: string, model: ModelRef): EngineClient {
    const { service, ...options } = this.options;
    if (service === undefined) return createEngineClient({ engine, model, ...options });
    const remote = { id: `${engine}/${model.id}`, path: service };
    return createEngineClient({ engine: 'remote', model: remote, ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.all].map((client) => client[Symbol.asyncDispose]()));
    this.all.clear();
    this.free.clear();
  }
}
