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
export const mostEngines = 8;

/** What an engine service calls a model for one of an engine's slots: each slot has an engine process of its own. */
export function serviceModel(engine: string, modelId: string, slot: number): string {
  return `${engine}/${modelId}${slot === 0 ? '' : `@${slot + 1}`}`;
}

/** A client on loan; `using` gives it back. */
export interface Loan extends Disposable {
  readonly client: EngineClient;
}

/**
 * The engines of one bot: a client for each model and slot, opened when first needed and kept for the next
 * answer. Who has a slot is the queue's business, and whoever has it has its clients alone.
 */
export class EnginePool implements AsyncDisposable {
  /** By model and slot, those that were used last at the end. */
  private readonly clients = new Map<string, { readonly client: EngineClient; lent: boolean }>();
  private readonly options: PoolOptions;

  constructor(options: PoolOptions = {}) {
    this.options = options;
  }

  /** @throws AppError UNKNOWN_ENGINE, UNKNOWN_MODEL. */
  async borrow(engine: string, modelId: string | undefined, slot: number): Promise<Loan> {
    const model = await resolveModel(engine, modelId);
    const key = `${engine}\n${model.path}\n${slot}`;
    if (!this.clients.has(key)) await this.makeRoom();
    const entry = this.clients.get(key) ?? { client: this.open(engine, model, slot), lent: false };
    entry.lent = true;
    this.clients.delete(key);
    this.clients.set(key, entry);
    return {
      client: entry.client,
      [Symbol.dispose]: () => {
        entry.lent = false;
      },
    };
  }

  /** Ends the engines that were used longest ago, so that people cannot fill the memory by asking around. */
  private async makeRoom(): Promise<void> {
    const idle = [...this.clients].filter(([, { lent }]) => !lent);
    const surplus = Math.max(0, this.clients.size + 1 - mostEngines);
    const ending = idle.slice(0, surplus);
    for (const [key] of ending) this.clients.delete(key);
    await Promise.all(ending.map(([, { client }]) => client[Symbol.asyncDispose]()));
  }

  private open(engine: string, model: ModelRef, slot: number): EngineClient {
    const { service, ...options } = this.options;
    if (service === undefined) return createEngineClient({ engine, model, ...options });
    const remote = { id: serviceModel(engine, model.id, slot), path: service };
    return createEngineClient({ engine: 'remote', model: remote, ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.clients.values()].map(({ client }) => client[Symbol.asyncDispose]()));
    this.clients.clear();
  }
}
