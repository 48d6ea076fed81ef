import type { Eager } from '../../tensor/ops/eager.ts';
import type { Parameters } from '../../tensor/ops/parameters.ts';
import type { Parameter } from '../../tensor/ops/tape.ts';
import type { NamedArrays } from '../task.ts';
import type { Optimiser } from './optimiser.ts';
import { Slots } from './slots.ts';

export interface AdamWOptions {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decay of matrices only; vectors (biases, norms) are never decayed. */
  readonly weightDecay: number;
}

/** Adam with decoupled weight decay. Kingma and Ba (2015); Loshchilov and Hutter (2019). */
export class AdamW implements Optimiser {
  readonly parameters: readonly Parameter[];
  readonly #e: Eager;
  readonly #owner: Parameters;
  readonly #options: AdamWOptions;
  readonly #mean: Slots;
  readonly #square: Slots;
  #step = 0;

  constructor(e: Eager, owner: Parameters, parameters: readonly Parameter[], options: AdamWOptions) {
    this.#e = e;
    this.#owner = owner;
    this.parameters = parameters;
    this.#options = options;
    this.#mean = new Slots(e, 'adamw.mean', parameters);
    this.#square = new Slots(e, 'adamw.square', parameters);
  }

  step(factor: number): void {
    const { learningRate, beta1, beta2, epsilon, weightDecay } = this.#options;
    const e = this.#e;
    this.#step++;
    const rate = learningRate * factor;
    // The bias corrections of mean and square, folded into one step size and one epsilon.
    const correction = Math.sqrt(1 - beta2 ** this.#step);
    const size = (rate * correction) / (1 - beta1 ** this.#step);
    for (const parameter of this.parameters) {
      const { grad, value, shape } = parameter;
      if (!grad) continue;
      e.scope(() => {
        const stepSize = e.freshScalar(size);
        const floor = e.freshScalar(epsilon * correction);
        const kept = e.freshScalar(1 - (shape.length > 1 ? rate * weightDecay : 0));
        const mean = this.#mean.set(
          parameter,
          e.add(e.mul(this.#mean.get(parameter), beta1), e.mul(grad, 1 - beta1)),
        );
        const square = this.#square.set(
          parameter,
          e.add(e.mul(this.#square.get(parameter), beta2), e.mul(e.unary('Square', grad), 1 - beta2)),
        );
        const change = e.div(e.mul(mean, stepSize), e.add(e.unary('Sqrt', square), floor));
        this.#owner.assign(parameter, e.sub(e.mul(value, kept), change));
      });
    }
  }

  state(): NamedArrays {
    return new Map([
      ...this.#mean.state(),
      ...this.#square.state(),
      ['adamw.step', { shape: [1], data: Int32Array.of(this.#step) }],
    ]);
  }

  restore(state: NamedArrays): void {
    this.#mean.restore(state);
    this.#square.restore(state);
    this.#step = state.get('adamw.step')?.data[0] ?? 0;
  }

  [Symbol.dispose](): void {
    this.#mean[Symbol.dispose]();
    this.#square[Symbol.dispose]();
  }
}
