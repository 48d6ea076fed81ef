import type { EngineInfo, LoadSettings } from '../engines/engine.ts';
import type { ClientEvent, EngineClient } from '../engines/host/types.ts';

/**
 * Opens a client for a model of an engine; the caller disposes it. A front end that shares engines among
 * conversations gives clients whose disposal only gives them back, and may leave load settings aside.
 * @throws AppError UNKNOWN_ENGINE, UNKNOWN_MODEL.
 */
export type OpenEngine = (
  engineId: string,
  modelId: string | undefined,
  settings?: LoadSettings,
) => Promise<EngineClient>;

/** In a process of its own, from the models on this machine. */
export const openEngineProcess: OpenEngine = async (engineId, modelId, settings = {}) => {
  // Imported late: a session that is only read starts no engine.
  const [{ resolveModel }, { createEngineClient }] = await Promise.all([
    import('../catalogue/catalogue.ts'),
    import('../engines/host/client.ts'),
  ]);
  return createEngineClient({ engine: engineId, model: await resolveModel(engineId, modelId), settings });
};

/** The engine a conversation is on: opened when first needed, exchanged on a switch, its events passed on. */
export class EngineLink implements AsyncDisposable {
  readonly #open: OpenEngine;
  readonly #listeners = new Set<(event: ClientEvent) => void>();
  #engineId: string;
  #modelId: string | undefined;
  #settings: LoadSettings | undefined;
  #client: EngineClient | undefined;
  #unsubscribe: () => void = () => {};

  constructor(open: OpenEngine, engineId: string, modelId: string | undefined) {
    this.#open = open;
    this.#engineId = engineId;
    this.#modelId = modelId;
  }

  get engineId(): string {
    return this.#engineId;
  }

  /** As it was asked for, until the engine is open. */
  get modelId(): string {
    return this.#client?.model.id ?? this.#modelId ?? '';
  }

  get info(): EngineInfo | undefined {
    return this.#client?.info;
  }

  async client(): Promise<EngineClient> {
    if (!this.#client) this.#adopt(await this.#open(this.#engineId, this.#modelId, this.#settings));
    return this.#client!;
  }

  /**
   * Loads another engine and lets go of the present one; when that fails the present one stays. Where both
   * do not fit in memory together, the present one is let go first.
   */
  async switch(
    engineId: string,
    modelId: string | undefined,
    signal?: AbortSignal,
    settings?: LoadSettings,
  ): Promise<EngineInfo> {
    const next = await this.#open(engineId, modelId, settings);
    const stopListening = next.subscribe((event) => this.#emit(event));
    try {
      const fits = await next.probe();
      signal?.throwIfAborted();
      if (!fits.fits) await this.#release();
      const info = await next.load(signal);
      await this.#release();
      this.#engineId = engineId;
      this.#modelId = next.model.id;
      this.#settings = settings;
      this.#adopt(next);
      return info;
    } catch (error) {
      await next[Symbol.asyncDispose]();
      throw error;
    } finally {
      stopListening();
    }
  }

  subscribe(listener: (event: ClientEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#release();
  }

  #adopt(client: EngineClient): void {
    this.#client = client;
    this.#unsubscribe = client.subscribe((event) => this.#emit(event));
  }

  /** The engine is opened again when it is needed again. */
  async #release(): Promise<void> {
    const client = this.#client;
    if (!client) return;
    this.#unsubscribe();
    this.#modelId = client.model.id;
    this.#client = undefined;
    await client[Symbol.asyncDispose]();
  }

  #emit(event: ClientEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}
