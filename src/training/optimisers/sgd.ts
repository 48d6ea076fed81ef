import type { Eager } from '../../tensor/ops/eager.ts';
import { Graph } from '../../tensor/ops/graph.ts';
import type { Parameters } from '../../tensor/ops/parameters.ts';
import type { Parameter } from '../../tensor/ops/tape.ts';
import type { NamedArrays } from '../task.ts';
import type { Optimiser } from './optimiser.ts';

/**
 * Plain gradient descent: value − rate × gradient. It remembers nothing, but the first step tells which parameters
 * have gradients.
 */
export class Sgd implements Optimiser {
  readonly parameters: readonly Parameter[];
  readonly #e: Eager;
  readonly #owner: Parameters;
  readonly #learningRate: number;
  #graph: Graph | undefined;

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
      const moved = this.parameters.filter(({ grad }) => grad);
      const inputs = [rate, ...moved.map(({ value }) => value), ...moved.map(({ grad }) => grad!)];
      this.#graph ??= new Graph(e, inputs, () =>
        moved.map(({ value, grad }) => e.sub(value, e.mul(grad!, rate))),
      );
      for (const [i, value] of this.#graph.run(inputs).entries()) this.#owner.assign(moved[i]!, value);
    });
  }

  state(): NamedArrays {
    return new Map();
  }

  restore(): void {}

  [Symbol.dispose](): void {
    this.#graph?.[Symbol.dispose]();
  }
}
