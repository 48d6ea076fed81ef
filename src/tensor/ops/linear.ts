import type { DType } from './runtime.ts';
import type { Node, Parameter, Tape } from './tape.ts';

/**
 * x (N, I) × weightᵀ + bias → (N, O) in `dtype`, by default the tape's. `weight` is (O, I), as in PyTorch; its adapter,
 * if it has one, is part of it.
 */
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
    const { adapter } = weight;
    const thin = adapter && keep(e.matMul(input, inDtype(adapter.down), false, true)); // (N, r)
    const own = e.matMul(input, inDtype(weight), false, true);
    const product = thin ? e.add(own, e.matMul(thin, inDtype(adapter.up), false, true)) : own;
    const output = bias ? e.op('BiasAdd', [product, inDtype(bias)], { T: dtype }) : product;
    return [
      output,
      (grad) => {
        const dy = e.cast(grad, dtype); // (N, O)
        let dx = e.matMul(dy, inDtype(weight)); // (N, I)
        if (thin) {
          const dThin = e.matMul(dy, inDtype(adapter.up)); // (N, r)
          dx = e.add(dx, e.matMul(dThin, inDtype(adapter.down)));
          tape.accumulate(adapter.up, e.matMul(dy, thin, true));
          tape.accumulate(adapter.down, e.matMul(dThin, input, true));
        }
        tape.give(x, dx);
        if (!weight.frozen) tape.accumulate(weight, e.matMul(dy, input, true)); // (O, I)
        // A bfloat16 sum over thousands of rows would lose digits.
        if (bias) tape.accumulate(bias, e.op('BiasAddGrad', [e.cast(dy, 'float32')], { T: 'float32' }));
      },
    ];
  });
}
