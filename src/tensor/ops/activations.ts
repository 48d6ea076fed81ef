import type { Node, Tape } from './tape.ts';

/** max(x, 0). */
export function relu(tape: Tape, x: Node): Node {
  const { e } = tape;
  return tape.layer(() => {
    const output = e.unary('Relu', x.value);
    // The output's sign tells where the input was positive, so the input need not be kept.
    const slope = (grad: typeof output) =>
      e.op('ReluGrad', [e.cast(grad, output.dtype), output], { T: output.dtype });
    return [output, (grad) => tape.give(x, slope(grad))];
  });
}

/** gate · sigmoid(gate) · up: the gated unit of LLaMA. Shazeer (2020). */
export function swiglu(tape: Tape, gate: Node, up: Node): Node {
  const { e, dtype } = tape;
  return tape.layer((keep) => {
    const g = e.cast(gate.value, 'float32');
    const u = keep(e.cast(up.value, 'float32'));
    const sigmoid = keep(e.unary('Sigmoid', g));
    const silu = keep(e.mul(g, sigmoid));
    return [
      e.cast(e.mul(silu, u), dtype),
      (grad) => {
        const dy = e.cast(grad, 'float32');
        tape.give(up, e.cast(e.mul(dy, silu), dtype));
        // d silu / d g = sigmoid + silu (1 − sigmoid)
        const slope = e.add(sigmoid, e.sub(silu, e.mul(silu, sigmoid)));
        tape.give(gate, e.cast(e.mul(e.mul(dy, u), slope), dtype));
      },
    ];
  });
}
