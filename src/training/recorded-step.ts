import type { Eager } from '../tensor/ops/eager.ts';
import { Graph } from '../tensor/ops/graph.ts';
import type { DType, Handle } from '../tensor/ops/runtime.ts';
import { accumulate, type Node, type Parameter, Tape } from '../tensor/ops/tape.ts';

export interface RecordedStepOptions {
  readonly dtype: DType;
  /** A loss for each target (N). */
  readonly losses: (tape: Tape, batch: StepBatch) => Node;
  /** All that `losses` reads. */
  readonly parameters: readonly Parameter[];
  /** Weighs each loss in the gradients. */
  readonly share: number;
}

/** int32. */
export interface StepBatch {
  readonly inputs: Handle;
  readonly targets: Handle; // (N)
}

interface Recorded {
  readonly graph: Graph;
  /** Whose gradients the graph gives, in its order. */
  readonly trained: readonly Parameter[];
}

/**
 * The forward and backward pass over a batch, recorded as a graph when a batch of its size first comes. Quicker
 * than operation by operation: a call costs more than a small operation, and what is independent runs on both cores.
 */
export class RecordedStep implements Disposable {
  readonly #e: Eager;
  readonly #options: RecordedStepOptions;
  /** By the number of targets. */
  readonly #recorded = new Map<number, Recorded>();

  constructor(e: Eager, options: RecordedStepOptions) {
    this.#e = e;
    this.#options = options;
  }

  /** Adds a batch's gradients to the parameters'. @returns the sum of its losses */
  run({ inputs, targets }: StepBatch, dropoutSeed: number): number {
    const e = this.#e;
    return e.scope(() => {
      const seed = e.tensor(Int32Array.of(dropoutSeed), [1]);
      const values = this.#options.parameters.flatMap(({ value, compute }) => [...new Set([value, compute])]);
      const fed = [inputs, targets, seed, ...values];
      const [size] = targets.shape as [number];
      const { graph, trained } = this.#recorded.get(size) ?? this.#record(size, fed);
      const [sum, ...grads] = graph.run(fed);
      for (const [i, parameter] of trained.entries()) accumulate(e, parameter, grads[i]!);
      return e.read(sum!)[0]!;
    });
  }

  [Symbol.dispose](): void {
    for (const { graph } of this.#recorded.values()) graph[Symbol.dispose]();
  }

  #record(size: number, fed: readonly Handle[]): Recorded {
    const { dtype, losses, parameters, share } = this.#options;
    const e = this.#e;
    const [inputs, targets, seed] = fed as [Handle, Handle, Handle];
    const before = parameters.map((parameter) => parameter.grad);
    for (const parameter of parameters) parameter.grad = undefined;
    let trained: readonly Parameter[] = [];
    const graph = new Graph(e, fed, () => {
      const tape = new Tape(e, { dtype, seed });
      const node = losses(tape, { inputs, targets });
      const shares = e.mul(e.unary('OnesLike', node.value), share);
      const sum = e.sum(node.value, [0]);
      tape.backward(node, shares);
      trained = parameters.filter(({ grad }) => grad);
      return [sum, ...trained.map(({ grad }) => grad!)];
    });
    for (const [i, parameter] of parameters.entries()) {
      e.free(parameter.grad);
      parameter.grad = before[i];
    }
    const recorded = { graph, trained };
    this.#recorded.set(size, recorded);
    return recorded;
  }
}
