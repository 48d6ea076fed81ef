import { AppError } from '../../errors.ts';

/** Copies of what it remembers, by name. */
type NamedArrays = ReadonlyMap<
  string,
  { readonly shape: readonly number[]; readonly data: Float32Array | Int32Array }
>;

export interface FlatOptimiserOptions {
  /** sgd or adamw. */
  readonly optimiser: string;
  readonly beta2: number;
  /** Decoupled, on matrices only. */
  readonly weightDecay: number;
}

const beta1 = 0.9;
const epsilon = 1e-8;

/**
 * SGD or AdamW over all weights in one flat array: one plain loop over 8,762 numbers takes 20 µs, a tenth of what
 * the calls of an optimiser in TensorFlow would cost.
 */
export class FlatOptimiser {
  readonly #options: FlatOptimiserOptions;
  /** 1 where decay applies, 0 elsewhere. */
  readonly #decayed: Float32Array;
  readonly #mean: Float32Array;
  readonly #square: Float32Array;
  #step = 0;

  /** @param shapes of the tensors, in their order in the array. @throws AppError INVALID_SETTING */
  constructor(shapes: Readonly<Record<string, readonly number[]>>, options: FlatOptimiserOptions) {
    if (options.optimiser !== 'sgd' && options.optimiser !== 'adamw') {
      throw new AppError(
        'INVALID_SETTING',
        `The optimiser of mlp is sgd or adamw, not "${options.optimiser}".`,
      );
    }
    this.#options = options;
    const marks = Object.values(shapes).map((shape) => {
      const size = shape.reduce((product, length) => product * length, 1);
      return new Array<number>(size).fill(shape.length > 1 ? 1 : 0);
    });
    this.#decayed = Float32Array.from(marks.flat());
    this.#mean = new Float32Array(this.#decayed.length);
    this.#square = new Float32Array(this.#decayed.length);
  }

  /** Moves the weights, in place. */
  step(weights: Float32Array, gradients: Float32Array, learningRate: number): void {
    this.#step++;
    if (this.#options.optimiser === 'sgd') {
      for (let i = 0; i < weights.length; i++) weights[i]! -= learningRate * gradients[i]!;
      return;
    }
    const { beta2, weightDecay } = this.#options;
    const meanCorrection = 1 - beta1 ** this.#step;
    const squareCorrection = Math.sqrt(1 - beta2 ** this.#step);
    const mean = this.#mean;
    const square = this.#square;
    for (let i = 0; i < weights.length; i++) {
      const gradient = gradients[i]!;
      const m = beta1 * mean[i]! + (1 - beta1) * gradient;
      const v = beta2 * square[i]! + (1 - beta2) * gradient * gradient;
      mean[i] = m;
      square[i] = v;
      const change = m / meanCorrection / (Math.sqrt(v) / squareCorrection + epsilon);
      weights[i] = weights[i]! * (1 - learningRate * weightDecay * this.#decayed[i]!) - learningRate * change;
    }
  }

  state(): NamedArrays {
    const size = this.#mean.length;
    return new Map([
      ['optimiser.mean', { shape: [size], data: this.#mean.slice() }],
      ['optimiser.square', { shape: [size], data: this.#square.slice() }],
      ['optimiser.step', { shape: [1], data: Int32Array.of(this.#step) }],
    ]);
  }

  /** @throws AppError CHECKPOINT_INVALID */
  restore(state: NamedArrays): void {
    const read = (name: string, into: { readonly length: number }) => {
      const data = state.get(`optimiser.${name}`)?.data;
      if (data?.length === into.length) return data;
      throw new AppError(
        'CHECKPOINT_INVALID',
        `The checkpoint has no optimiser.${name} of ${into.length} numbers.`,
      );
    };
    this.#mean.set(read('mean', this.#mean));
    this.#square.set(read('square', this.#square));
    this.#step = read('step', [0])[0]!;
  }
}
