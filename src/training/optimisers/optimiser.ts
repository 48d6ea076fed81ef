import type { Parameter } from '../../tensor/ops/tape.ts';
import type { NamedArrays } from '../task.ts';

/** Turns the gradients that parameters have collected into new values. Knows its parameters from the start. */
export interface Optimiser extends Disposable {
  readonly parameters: readonly Parameter[];
  /** One update at a learning rate of `factor` × the optimiser's own. */
  step(factor: number): void;
  /** Copies of what later steps depend on, by name. */
  state(): NamedArrays;
  /** @throws AppError CHECKPOINT_INVALID when a tensor is missing or has another shape. */
  restore(state: NamedArrays): void;
}
