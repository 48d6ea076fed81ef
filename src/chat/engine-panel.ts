import { EngineLink, type OpenEngine } from './engine-link.ts';
import type { EngineAddress } from './types.ts';

/**
 * The engines of a conversation: the one it is on, and those that were asked beside it. The others stay open
 * for the next comparison, each with its idle time, until something else needs their memory.
 */
export class EnginePanel implements AsyncDisposable {
  readonly #open: OpenEngine;
  readonly #current: EngineLink;
  readonly #others: EngineLink[] = [];

  constructor(open: OpenEngine, current: EngineLink) {
    this.#open = open;
    this.#current = current;
  }

  /** A link for each address, in its order. @throws AppError UNKNOWN_ENGINE, UNKNOWN_MODEL. */
  async open(addresses: readonly EngineAddress[]): Promise<EngineLink[]> {
    const links: EngineLink[] = [];
    for (const { engineId, modelId } of addresses) {
      const link = new EngineLink(this.#open, engineId, modelId);
      await link.client(); // an engine's own model gets its name here
      const known = [this.#current, ...this.#others].find(
        (other) => other.engineId === engineId && other.modelId === link.modelId,
      );
      if (known) await link[Symbol.asyncDispose]();
      else this.#others.push(link);
      links.push(known ?? link);
    }
    return links;
  }

  /** Frees the memory of all engines but one; each is opened again when it is needed. */
  async releaseAllBut(kept: EngineLink): Promise<void> {
    for (const link of [this.#current, ...this.#others]) if (link !== kept) await link[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const link of [this.#current, ...this.#others]) await link[Symbol.asyncDispose]();
  }
}
