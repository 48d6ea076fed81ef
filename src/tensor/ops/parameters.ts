import { AppError } from '../../errors.ts';
import type { Eager } from './eager.ts';
import type { DType, Handle } from './runtime.ts';
import type { Parameter } from './tape.ts';

/** A model's weights outside TensorFlow: name → shape and values. */
export type Weights = ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;

/** Name → shape, in the order in which a model lists its parameters. */
export type ParameterShapes = ReadonlyMap<string, readonly number[]>;

/** The parameters of a model, by name, in TensorFlow. */
export class Parameters {
  readonly all: readonly Parameter[];
  readonly #e: Eager;
  readonly #dtype: DType;
  readonly #byName: ReadonlyMap<string, Parameter>;

  /** @throws AppError FILE_INVALID when a tensor is missing or has another shape. */
  constructor(e: Eager, shapes: ParameterShapes, weights: Weights, dtype: DType) {
    this.#e = e;
    this.#dtype = dtype;
    this.all = [...shapes].map(([name, shape]) => {
      const value = e.keepForever(e.tensor(checked(weights, name, shape), shape));
      return { name, shape, value, compute: this.#computeCopy(value), grad: undefined };
    });
    this.#byName = new Map(this.all.map((parameter) => [parameter.name, parameter]));
  }

  get(name: string): Parameter {
    const parameter = this.#byName.get(name);
    if (!parameter) throw new RangeError(`no parameter called ${name}`);
    return parameter;
  }

  /** Numbers in all parameters together. */
  get count(): number {
    return this.all.reduce(
      (sum, { shape }) => sum + shape.reduce((product, length) => product * length, 1),
      0,
    );
  }

  /** Puts a new value in place of the old one, which is freed. */
  assign(parameter: Parameter, value: Handle): void {
    if (parameter.compute !== parameter.value) this.#e.free(parameter.compute);
    this.#e.free(parameter.value);
    parameter.value = this.#e.keepForever(value);
    parameter.compute = this.#computeCopy(value);
  }

  /** Puts other weights in place of all. @throws AppError FILE_INVALID */
  restore(weights: Weights): void {
    for (const parameter of this.all) {
      const { name, shape } = parameter;
      this.assign(parameter, this.#e.tensor(checked(weights, name, shape), shape));
    }
  }

  /** Copies of all values. */
  read(): Map<string, { shape: readonly number[]; data: Float32Array }> {
    return new Map(this.all.map(({ name, shape, value }) => [name, { shape, data: this.#e.read(value) }]));
  }

  clearGradients(): void {
    for (const parameter of this.all) {
      this.#e.free(parameter.grad);
      parameter.grad = undefined;
    }
  }

  [Symbol.dispose](): void {
    this.clearGradients();
    for (const { value, compute } of this.all) this.#e.free(value, compute);
  }

  #computeCopy(value: Handle): Handle {
    return value.dtype === this.#dtype ? value : this.#e.keepForever(this.#e.cast(value, this.#dtype));
  }
}

function checked(weights: Weights, name: string, shape: readonly number[]): Float32Array {
  const found = weights.get(name);
  if (found && String(found.shape) === String(shape)) return found.data;
  const actual = found ? `shape (${found.shape})` : 'nothing';
  throw new AppError('FILE_INVALID', `Weights "${name}": expected shape (${shape}), found ${actual}.`, {
    hint: 'The weights belong to another architecture. Get the model again, or train it again.',
  });
}
