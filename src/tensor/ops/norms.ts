import type { Node, Parameter, Tape } from './tape.ts';

/** Each row to mean 0 and variance 1, then × weight + bias: (N, C) float32 → (N, C) in the tape's dtype. Ba et al. (2016). */
export function layerNorm(tape: Tape, x: Node, weight: Parameter, bias: Parameter, epsilon = 1e-5): Node {
  const { e, dtype } = tape;
  return tape.layer((keep) => {
    const centred = e.sub(x.value, e.mean(x.value, [1], true));
    const variance = e.mean(e.unary('Square', centred), [1], true); // (N, 1)
    const scale = keep(e.unary('Rsqrt', e.add(variance, e.scalar(epsilon))));
    const normal = keep(e.mul(centred, scale)); // (N, C)
    return [
      e.cast(e.add(e.mul(normal, weight.value), bias.value), dtype),
      (grad) => {
        const dy = e.cast(grad, 'float32');
        tape.accumulate(weight, e.sum(e.mul(dy, normal), [0]));
        tape.accumulate(bias, e.sum(dy, [0]));
        const dNormal = e.mul(dy, weight.value);
        const along = e.mean(e.mul(dNormal, normal), [1], true); // (N, 1)
        const around = e.sub(e.sub(dNormal, e.mean(dNormal, [1], true)), e.mul(normal, along));
        tape.give(x, e.mul(around, scale));
      },
    ];
  });
}

/** Each row to mean square 1, then × weight: (N, C) float32 → (N, C) in the tape's dtype. Zhang and Sennrich (2019). */
export function rmsNorm(tape: Tape, x: Node, weight: Parameter, epsilon = 1e-5): Node {
  const { e, dtype } = tape;
  return tape.layer((keep) => {
    const meanSquare = e.mean(e.unary('Square', x.value), [1], true); // (N, 1)
    const scale = keep(e.unary('Rsqrt', e.add(meanSquare, e.scalar(epsilon))));
    const normal = keep(e.mul(x.value, scale));
    return [
      e.cast(e.mul(normal, weight.value), dtype),
      (grad) => {
        const dy = e.cast(grad, 'float32');
        tape.accumulate(weight, e.sum(e.mul(dy, normal), [0]));
        const dNormal = e.mul(dy, weight.value);
        const along = e.mean(e.mul(dNormal, normal), [1], true); // (N, 1)
        tape.give(x, e.mul(e.sub(dNormal, e.mul(normal, along)), scale));
      },
    ];
  });
}
