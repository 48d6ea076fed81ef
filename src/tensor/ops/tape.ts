/**
 * Gradients by whole layers. A layer function computes its output and says how the output's gradient becomes
 * its inputs' and its parameters' gradients; the tape runs these last to first. Unlike TensorFlow.js's tape,
 * which keeps every intermediate, a layer keeps what its gradient needs and it is freed as soon as it is used.
 */
import type { Eager } from './eager.ts';
import type { DType, Handle } from './runtime.ts';

/** A value on the tape, with the part of its gradient that the backward pass has collected so far. */
export interface Node {
  readonly value: Handle;
  grad: Handle | undefined;
}

/** Weights: float32 master values, a copy in the compute dtype, and a float32 gradient that adds up over micro-batches. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  value: Handle;
  /** `value` in the compute dtype; the same handle when that is float32. */
  compute: Handle;
  grad: Handle | undefined;
  /** Set: no gradient is wanted. */
  frozen?: boolean;
  /** What is added to a matrix (O, I) as a product of two thin ones: up (O, r) × down (r, I). */
  adapter?: { readonly down: Parameter; readonly up: Parameter };
}

/** What a layer computes: its outputs, and what to do with their gradients (one each, in the same order). */
export type Layer = readonly [outputs: readonly Handle[], backward: (...grads: Handle[]) => void];

export class Tape {
  readonly e: Eager;
  /** Dtype of matrix products and of what they read; sums, norms and the residual stream stay float32. */
  readonly dtype: DType;
  /**
   * Seed of this pass's dropout masks, as a tensor (1) int32 where a graph is recorded; undefined: an evaluation,
   * without dropout and without gradients.
   */
  readonly seed: number | Handle | undefined;
  readonly #backward: (() => void)[] = [];
  readonly #owners = new Map<number, number>();
  #draws = 0;

  constructor(e: Eager, options: { dtype: DType; seed?: number | Handle | undefined }) {
    this.e = e;
    this.dtype = options.dtype;
    this.seed = options.seed;
  }

  /** An input: a node that nothing comes before. */
  input(value: Handle): Node {
    return { value, grad: undefined };
  }

  /**
   * Records a layer. `body` runs in a scope of its own: only its outputs stay, and what it passes to `keep`
   * for the gradient's sake.
   */
  layers(body: (keep: (handle: Handle) => Handle) => Layer): Node[] {
    const { e } = this;
    const kept: Handle[] = [];
    const keep = (handle: Handle) => {
      if (this.seed !== undefined && e.owns(handle)) kept.push(e.keep(handle));
      return handle;
    };
    return e.scope(() => {
      const [outputs, backward] = body(keep);
      const nodes = outputs.map((output) => this.input(e.keep(output)));
      if (this.seed === undefined) return nodes;
      this.#backward.push(() => {
        const grads = nodes.map((node) => node.grad!);
        e.scope(() => backward(...grads));
        for (const grad of grads) this.#release(grad);
        e.free(...kept, ...outputs);
      });
      return nodes;
    });
  }

  /** A layer with one output. */
  layer(body: (keep: (handle: Handle) => Handle) => readonly [Handle, (grad: Handle) => void]): Node {
    const [node] = this.layers((keep) => {
      const [output, backward] = body(keep);
      return [[output], backward];
    });
    return node!;
  }

  /** Adds to a node's gradient. For use in a layer's backward function. */
  give(node: Node, grad: Handle): void {
    const { e } = this;
    this.#own(grad);
    if (!node.grad) {
      node.grad = grad;
      return;
    }
    const sum = e.add(e.cast(node.grad, 'float32'), e.cast(grad, 'float32'));
    this.#release(node.grad);
    this.#release(grad);
    this.#own(sum);
    node.grad = sum;
  }

  /** Adds to a parameter's gradient, in float32; it outlives the pass. */
  accumulate(parameter: Parameter, grad: Handle): void {
    accumulate(this.e, parameter, grad);
  }

  /** A different number for every dropout of a pass, the same in every pass. */
  nextDraw(): number {
    return this.#draws++;
  }

  /** Starts from the gradient of `node` and runs all layers backwards. */
  backward(node: Node, grad: Handle): void {
    this.give(node, grad);
    for (let step = this.#backward.pop(); step; step = this.#backward.pop()) step();
  }

  /** A gradient may belong to two nodes (a sum passes the same one to both sides): the last owner frees it. */
  #own(grad: Handle): void {
    this.#owners.set(grad.id, (this.#owners.get(grad.id) ?? 0) + 1);
    this.e.keep(grad);
  }

  #release(grad: Handle): void {
    const owners = this.#owners.get(grad.id)! - 1;
    if (owners > 0) {
      this.#owners.set(grad.id, owners);
    } else {
      this.#owners.delete(grad.id);
      this.e.free(grad);
    }
  }
}

/** Adds to a parameter's gradient, in float32; it outlives every scope. A frozen parameter has none. */
export function accumulate(e: Eager, parameter: Parameter, grad: Handle): void {
  if (parameter.frozen) return;
  const exact = e.cast(grad, 'float32');
  const sum = parameter.grad ? e.add(parameter.grad, exact) : exact;
  e.free(parameter.grad);
  parameter.grad = e.keepForever(sum);
}
