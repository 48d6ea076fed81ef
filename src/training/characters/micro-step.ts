import { crossEntropy } from '../../tensor/ops/cross-entropy.ts';
import type { Eager } from '../../tensor/ops/eager.ts';
import { Graph } from '../../tensor/ops/graph.ts';
import type { DType, Handle } from '../../tensor/ops/runtime.ts';
import { accumulate, type Node, type Parameter, Tape } from '../../tensor/ops/tape.ts';

export interface MicroStepOptions {
  readonly dtype: DType;
  /** Tokens (B, T) → logits. */
  readonly forward: (tape: Tape, inputs: Handle) => Node;
  /** All that `forward` reads. */
  readonly parameters: readonly Parameter[];
  /** Weighs each token's loss in the gradients. */
  readonly share: number;
}

interface Recorded {
  readonly graph: Graph;
  /** Whose gradients the graph gives, in its order. */
  readonly trained: readonly Parameter[];
}

/**
 * The forward and backward pass of a micro-batch, recorded as a graph when a batch of its size first comes. As a
 * graph it takes a sixth less time than operation by operation: what is independent runs on both cores.
 */
export class MicroStep implements Disposable {
  readonly #e: Eager;
  readonly #options: MicroStepOptions;
  /** By the number of windows. */
  readonly #recorded = new Map<number, Recorded>();

  constructor(e: Eager, options: MicroStepOptions) {
    this.#e = e;
    this.#options = options;
  }

  /**
   * Adds one micro-batch's gradients to the parameters'. `inputs` (B, T) and `targets` (B·T) are int32.
   * @returns its sum of losses
   */
  run(batch: { inputs: Handle; targets: Handle }, dropoutSeed: number): number {
    const e = this.#e;
    return e.scope(() => {
      const seed = e.tensor(Int32Array.of(dropoutSeed), [1]);
      const values = this.#options.parameters.flatMap(({ value, compute }) => [...new Set([value, compute])]);
      const fed = [batch.inputs, batch.targets, seed, ...values];
      const [windows] = batch.inputs.shape as [number];
      const { graph, trained } = this.#recorded.get(windows) ?? this.#record(windows, fed);
      const [sum, ...grads] = graph.run(fed);
      for (const [i, parameter] of trained.entries()) accumulate(e, parameter, grads[i]!);
      return e.read(sum!)[0]!;
    });
  }

  [Symbol.dispose](): void {
    for (const { graph } of this.#recorded.values()) graph[Symbol.dispose]();
  }

  #record(windows: number, fed: readonly Handle[]): Recorded {
    const { dtype, forward, parameters, share } = this.#options;
    const e = this.#e;
    const [inputs, targets, seed] = fed as [Handle, Handle, Handle];
    const before = parameters.map((parameter) => parameter.grad);
    for (const parameter of parameters) parameter.grad = undefined;
    let trained: readonly Parameter[] = [];
    const graph = new Graph(e, fed, () => {
      const tape = new Tape(e, { dtype, seed });
      const losses = crossEntropy(tape, forward(tape, inputs), targets);
      const shares = e.mul(e.unary('OnesLike', losses.value), share);
      const sum = e.sum(losses.value, [0]);
      tape.backward(losses, shares);
      trained = parameters.filter(({ grad }) => grad);
      return [sum, ...trained.map(({ grad }) => grad!)];
    });
    for (const [i, parameter] of parameters.entries()) {
      e.free(parameter.grad);
      parameter.grad = before[i];
    }
    const recorded = { graph, trained };
    this.#recorded.set(windows, recorded);
    return recorded;
  }
}
