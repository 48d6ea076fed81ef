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
    this.free.set(key, shelf);
    const client = shelf.pop() ?? this.open(engine, model);
    this.all.add(client);
    return {
      client,
      [Symbol.dispose]: () => {
        if (client.state !== 'closed') shelf.push(client);
      },
    };
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
