import type { DType } from './runtime.ts';
import type { Node, Parameter, Tape } from './tape.ts';

/** x (N, I) × weightᵀ + bias → (N, O) in `dtype`, by default the tape's. `weight` is (O, I), as in PyTorch. */
export function linear(
  tape: Tape,
  x: Node,
  weight: Parameter,
  bias?: Parameter,
  dtype: DType = tape.dtype,
): Node {
  const { e } = tape;
  const inDtype = (parameter: Parameter) => (dtype === 'float32' ? parameter.value : parameter.compute);
  return tape.layer((keep) => {
    const input = keep(e.cast(x.value, dtype));
    const product = e.matMul(input, inDtype(weight), false, true);
    const output = bias ? e.op('BiasAdd', [product, inDtype(bias)], { T: dtype }) : product;
    return [
      output,
      (grad) => {
        const dy = e.cast(grad, dtype); // (N, O)
        tape.give(x, e.matMul(dy, inDtype(weight))); // (N, I)
        tape.accumulate(weight, e.matMul(dy, input, true)); // (O, I)
        // A bfloat16 sum over thousands of rows would lose digits.
        if (bias) tape.accumulate(bias, e.op('BiasAddGrad', [e.cast(dy, 'float32')], { T: 'float32' }));
      },
    ];
  });
}
