import type { Eager } from '../../tensor/ops/eager.ts';
import type { Parameters } from '../../tensor/ops/parameters.ts';
import type { Parameter } from '../../tensor/ops/tape.ts';
import type { NamedArrays } from '../task.ts';
import type { Optimiser } from './optimiser.ts';

/** Plain gradient descent: value − rate × gradient. It remembers nothing. */
export class Sgd implements Optimiser {
  readonly parameters: readonly Parameter[];
  readonly #e: Eager;
  readonly #owner: Parameters;
  readonly #learningRate: number;

  constructor(
    e: Eager,
    owner: Parameters,
    parameters: readonly Parameter[],
    options: { readonly learningRate: number },
  ) {
    this.#e = e;
    this.#owner = owner;
    this.parameters = parameters;
    this.#learningRate = options.learningRate;
  }

  step(factor: number): void {
    const e = this.#e;
    e.scope(() => {
      const rate = e.freshScalar(this.#learningRate * factor);
      for (const parameter of this.parameters) {
        if (!parameter.grad) continue;
        this.#owner.assign(parameter, e.sub(parameter.value, e.mul(parameter.grad, rate)));
      }
    });
  }

  state(): NamedArrays {
    return new Map();
  }

  restore(): void {}

  [Symbol.dispose](): void {}
}
