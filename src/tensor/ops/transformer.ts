/** What transformers have in common: their size, and what a forward pass may be asked for. Types only. */
import type { PastTokens } from './kv-cache.ts';
import type { Handle } from './runtime.ts';
import type { Node } from './tape.ts';

export interface TransformerConfig {
  readonly vocabSize: number; // V
  readonly contextLength: number; // T at most
  readonly nLayer: number;
  readonly nHead: number; // H
  readonly nEmbd: number; // C
  readonly nFf: number; // F
}

/** Rates of dropout in training: of the residual branches and of the attention's probabilities. */
interface DropoutRates {
  readonly residual: number;
  readonly attention: number;
}

/** Called in a pass as it goes, to look inside. */
export interface Watch {
  /** Probabilities of a layer's attention (B, H, T, T); not called in a pass with a cache. */
  readonly attention?: (layer: number, probabilities: Handle) => void;
  /** The residual stream after a layer (B·T, C); layer −1 is the embedding. */
  readonly stream?: (layer: number, stream: Node) => void;
}

export interface Pass {
  readonly drop?: DropoutRates;
  /** The tokens of the pass follow those in the cache, and join them. */
  readonly cache?: PastTokens;
  readonly watch?: Watch;
}
