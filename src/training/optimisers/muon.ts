import type { Eager } from '../../tensor/ops/eager.ts';
import type { Parameters } from '../../tensor/ops/parameters.ts';
import type { DType, Handle } from '../../tensor/ops/runtime.ts';
import type { Parameter } from '../../tensor/ops/tape.ts';
import type { NamedArrays } from '../task.ts';
import type { Optimiser } from './optimiser.ts';
import { Slots } from './slots.ts';

export interface MuonOptions {
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  /** Dtype of the Newton–Schulz products. */
  readonly dtype: DType;
  /** Matrices that a parameter stands for, one below the other (3 for fused q, k, v). Default 1. */
  readonly matricesIn: (name: string) => number;
}

/** Coefficients of the quintic that drives singular values towards 1 in few steps. Jordan (2024). */
const [a, b, c] = [3.4445, -4.775, 2.0315];
const iterations = 5;

/**
 * Momentum whose update is orthogonalised: every direction of a matrix moves equally fast.
 * Jordan et al., "Muon: an optimizer for hidden layers in neural networks" (2024). For matrices inside the
 * network; embeddings, the head and vectors take AdamW.
 */
export class Muon implements Optimiser {
  readonly parameters: readonly Parameter[];
  readonly #e: Eager;
  readonly #owner: Parameters;
  readonly #options: MuonOptions;
  readonly #momentum: Slots;

  constructor(e: Eager, owner: Parameters, parameters: readonly Parameter[], options: MuonOptions) {
    this.#e = e;
    this.#owner = owner;
    this.parameters = parameters;
    this.#options = options;
    this.#momentum = new Slots(e, 'muon.momentum', parameters);
  }

  step(factor: number): void {
    const { learningRate, momentum, weightDecay, dtype, matricesIn } = this.#options;
    const e = this.#e;
    const rate = learningRate * factor;
    // Matrices of one shape go through Newton–Schulz together.
    const groups = Map.groupBy(this.parameters, ({ name, shape: [rows, columns] }) =>
      String([rows! / matricesIn(name), columns]),
    );
    for (const [key, group] of groups) {
      const [rows, columns] = key.split(',').map(Number) as [number, number];
      e.scope(() => {
        const updates = group.map((parameter) => {
          const grad = parameter.grad!;
          const average = e.add(e.mul(this.#momentum.get(parameter), momentum), grad);
          this.#momentum.set(parameter, average);
          const ahead = e.add(grad, e.mul(average, momentum)); // Nesterov
          return e.reshape(ahead, [matricesIn(parameter.name), rows, columns]);
        });
        const orthogonal = orthogonalise(e, e.concat(updates, 0), dtype); // (n, R, C)
        const size = rate * Math.sqrt(Math.max(1, rows / columns));
        const change = e.mul(orthogonal, e.freshScalar(size));
        const kept = e.freshScalar(1 - rate * weightDecay);
        let first = 0;
        for (const parameter of group) {
          const count = matricesIn(parameter.name);
          const part = e.reshape(e.slice(change, [first, 0, 0], [count, rows, columns]), parameter.shape);
          first += count;
          this.#owner.assign(parameter, e.sub(e.mul(parameter.value, kept), part));
        }
      });
    }
  }

  state(): NamedArrays {
    return this.#momentum.state();
  }

  restore(state: NamedArrays): void {
    this.#momentum.restore(state);
  }

  [Symbol.dispose](): void {
    this.#momentum[Symbol.dispose]();
  }
}

/** The nearest (semi-)orthogonal matrices, roughly: singular values end between 0.7 and 1.2. (n, R, C) → the same, float32. */
function orthogonalise(e: Eager, matrices: Handle, dtype: DType): Handle {
  const [, rows, columns] = matrices.shape as [number, number, number];
  const tall = rows > columns;
  return e.scope(() => {
    const norm = e.unary('Sqrt', e.sum(e.unary('Square', matrices), [1, 2], true)); // (n, 1, 1)
    let x = e.cast(e.div(matrices, e.add(norm, e.scalar(1e-7))), dtype);
    for (let i = 0; i < iterations; i++) {
      x = e.scope(() => {
        const gram = e.batchMatMul(x, x, tall, !tall); // the smaller of X Xᵀ and Xᵀ X
        const factor = e.add(e.mul(gram, b), e.mul(e.batchMatMul(gram, gram), c));
        const turned = tall ? e.batchMatMul(x, factor) : e.batchMatMul(factor, x);
        return e.keep(e.add(e.mul(x, a), turned));
      });
    }
    return e.keep(e.cast(x, 'float32'));
  });
}
