import type { Eager } from '../../tensor/ops/eager.ts';
import type { Parameters, Weights } from '../../tensor/ops/parameters.ts';
import type { NamedArrays } from '../task.ts';
import { Slots } from './slots.ts';

/** An exponential moving average of the weights: what a run evaluates and ships. Polyak and Juditsky (1992). */
export class Ema implements Disposable {
  readonly #e: Eager;
  readonly #parameters: Parameters;
  readonly #decay: number;
  readonly #average: Slots;
  #step = 0;

  /** `decay`: at most this part of the average stays at each step. */
  constructor(e: Eager, parameters: Parameters, decay: number) {
    this.#e = e;
    this.#parameters = parameters;
    this.#decay = decay;
    this.#average = new Slots(e, 'ema', parameters.all, ({ value }) => e.mul(value, 1));
  }

  /** Call after each update. */
  step(): void {
    const e = this.#e;
    this.#step++;
    // Early on the average follows the weights closely, or it would remember the random start.
    const decay = Math.min(this.#decay, this.#step / (this.#step + 10));
    e.scope(() => {
      const part = e.freshScalar(1 - decay);
      for (const parameter of this.#parameters.all) {
        e.scope(() => {
          const average = this.#average.get(parameter);
          this.#average.set(parameter, e.add(average, e.mul(e.sub(parameter.value, average), part)));
        });
      }
    });
  }

  /** Copies of the averages, under the parameters' names. */
  weights(): Weights {
    return new Map(
      this.#parameters.all.map((parameter) => [
        parameter.name,
        { shape: parameter.shape, data: this.#e.read(this.#average.get(parameter)) },
      ]),
    );
  }

  /** Runs `body` with the averages in the parameters' place. */
  swapped<T>(body: () => T): T {
    const e = this.#e;
    const { all } = this.#parameters;
    const own = all.map(({ value }) => e.keepForever(e.mul(value, 1)));
    for (const parameter of all) this.#parameters.assign(parameter, e.mul(this.#average.get(parameter), 1));
    try {
      return body();
    } finally {
      all.forEach((parameter, index) => {
        this.#parameters.assign(parameter, own[index]!);
      });
    }
  }

  state(): NamedArrays {
    return new Map([...this.#average.state(), ['ema.step', { shape: [1], data: Int32Array.of(this.#step) }]]);
  }

  restore(state: NamedArrays): void {
    this.#average.restore(state);
    this.#step = state.get('ema.step')?.data[0] ?? 0;
  }

  [Symbol.dispose](): void {
    this.#average[Symbol.dispose]();
  }
}
