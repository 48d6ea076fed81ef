import type { Eager } from '../../tensor/ops/eager.ts';
import { Graph } from '../../tensor/ops/graph.ts';
import { type KvCache, RecordedCache } from '../../tensor/ops/kv-cache.ts';
import type { Parameters } from '../../tensor/ops/parameters.ts';
import type { Handle } from '../../tensor/ops/runtime.ts';
import { Tape } from '../../tensor/ops/tape.ts';
import type { CachedForward } from './decoder.ts';

export interface RecordedTokenOptions {
  readonly parameters: Parameters;
  readonly forward: CachedForward;
  readonly contextLength: number;
}

/** Lengths of keys and values change from token to token. */
const tokenAxis = 2;

/**
 * The forward pass of one token of one text, recorded as a graph when the first comes. It takes half the time of
 * its hundred operations one by one: each costs more to call than to compute.
 */
export class RecordedToken implements Disposable {
  readonly #e: Eager;
  readonly #options: RecordedTokenOptions;
  #graph: Graph | undefined;

  constructor(e: Eager, options: RecordedTokenOptions) {
    this.#e = e;
    this.#options = options;
  }

  /** Adds a token to those in the cache, of which there is at least one. @returns logits (1, V), in the caller's scope */
  read(tokenId: number, cache: KvCache): Handle {
    const e = this.#e;
    const { parameters, forward, contextLength } = this.#options;
    const token = e.tensor(Int32Array.of(tokenId), [1, 1]);
    const at = e.tensor(Int32Array.of(cache.length), [1]);
    const past = cache.handles;
    const inputs = [token, at, ...past, ...parameters.all.map(({ value }) => value)];
    this.#graph ??= new Graph(
      e,
      inputs,
      () => {
        const recorded = new RecordedCache(past, { at, most: contextLength });
        const tape = new Tape(e, { dtype: 'float32' });
        const logits = forward(tape, parameters, token, recorded).value;
        return [logits, ...recorded.handles];
      },
      new Map(past.map((handle) => [handle, tokenAxis])),
    );
    const [logits, ...handles] = this.#graph.run(inputs);
    cache.replace(handles);
    return logits!;
  }

  [Symbol.dispose](): void {
    this.#graph?.[Symbol.dispose]();
  }
}
