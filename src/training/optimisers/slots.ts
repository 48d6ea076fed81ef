import { AppError } from '../../errors.ts';
import type { Eager } from '../../tensor/ops/eager.ts';
import type { Handle } from '../../tensor/ops/runtime.ts';
import type { Parameter } from '../../tensor/ops/tape.ts';
import type { NamedArray, NamedArrays } from '../task.ts';

/** One float32 tensor for each parameter, of its shape: momenta, averages. Named `<slot>.<parameter>` in checkpoints. */
export class Slots implements Disposable {
  readonly #e: Eager;
  readonly #slot: string;
  readonly #values: Map<string, Handle>;
  readonly #shapes: Map<string, readonly number[]>;

  /** `initial`: a fresh handle for each parameter; default zeros. */
  constructor(e: Eager, slot: string, parameters: readonly Parameter[], initial?: (p: Parameter) => Handle) {
    this.#e = e;
    this.#slot = slot;
    this.#shapes = new Map(parameters.map(({ name, shape }) => [name, shape]));
    const make = initial ?? ((p) => e.unary('ZerosLike', p.value));
    this.#values = new Map(parameters.map((p) => [p.name, e.keepForever(make(p))]));
  }

  get(parameter: Parameter): Handle {
    return this.#values.get(parameter.name)!;
  }

  set(parameter: Parameter, value: Handle): Handle {
    this.#e.free(this.get(parameter));
    this.#values.set(parameter.name, this.#e.keepForever(value));
    return value;
  }

  [Symbol.dispose](): void {
    this.#e.free(...this.#values.values());
  }

  state(): NamedArrays {
    const read = ([name, value]: [string, Handle]): [string, NamedArray] => [
      `${this.#slot}.${name}`,
      { shape: value.shape, data: this.#e.read(value) },
    ];
    return new Map([...this.#values].map(read));
  }

  restore(state: NamedArrays): void {
    for (const [name, shape] of this.#shapes) {
      const found = state.get(`${this.#slot}.${name}`);
      if (!found || String(found.shape) !== String(shape)) {
        const actual = found ? `shape (${found.shape})` : 'nothing';
        throw new AppError(
          'CHECKPOINT_INVALID',
          `Checkpoint tensor "${this.#slot}.${name}": expected shape (${shape}), found ${actual}.`,
          { hint: 'The checkpoint belongs to another recipe or architecture. Start a new run.' },
        );
      }
      this.#e.free(this.#values.get(name));
      this.#values.set(name, this.#e.keepForever(this.#e.tensor(Float32Array.from(found.data), shape)));
    }
  }
}
