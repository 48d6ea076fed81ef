import type { Eager } from './eager.ts';
import type { Handle } from './runtime.ts';
import type { Node, Tape } from './tape.ts';

/** TensorFlow's number for the Philox generator. Salmon et al. (2011). */
const philox = 1;

/** What is kept, and the factor 1 / P(kept) that leaves the mean as it was. */
export interface DropoutMask {
  readonly kept: Handle; // bool
  readonly scale: number;
}

/**
 * Draws a mask from (seed, draw) alone, so a resumed run draws the same. One random byte an element instead
 * of a float: eight elements for each 64-bit number, a quarter of the time. The rate is rounded to 1/256, and
 * the scale fits the rounded rate.
 */
function dropoutMask(
  e: Eager,
  shape: readonly number[],
  options: { rate: number; seed: number | Handle; draw: number },
): DropoutMask {
  const size = shape.reduce((product, length) => product * length, 1);
  const keptOf256 = Math.round((1 - options.rate) * 256);
  const { seed } = options;
  const key = e.cast(typeof seed === 'number' ? e.tensor(Int32Array.of(seed), [1]) : seed, 'uint64');
  const counter = e.cast(e.tensor(Int32Array.of(0, options.draw), [2]), 'uint64');
  const attributes = { dtype: 'uint64', Tshape: 'int32' } as const;
  const inputs = [e.ints([Math.ceil(size / 8)]), key, counter, e.ints(philox)];
  const words = e.op('StatelessRandomUniformFullIntV2', inputs, attributes);
  const bytes = e.reshape(e.op('Bitcast', [words], { T: 'uint64', type: 'uint8' }), [-1]);
  const exact = size % 8 === 0 ? bytes : e.slice(bytes, [0], [size]);
  const kept = e.op('Less', [e.reshape(exact, shape), e.scalar(keptOf256, 'uint8')], { T: 'uint8' });
  return { kept, scale: 256 / keptOf256 };
}

/** `x` × scale where kept, 0 elsewhere. */
export function applyMask(e: Eager, x: Handle, mask: DropoutMask): Handle {
  return e.mul(e.mul(x, e.cast(mask.kept, x.dtype)), mask.scale);
}

/** The next mask of a pass; undefined when nothing is dropped. */
export function drawMask(tape: Tape, shape: readonly number[], rate: number): DropoutMask | undefined {
  if (tape.seed === undefined || rate === 0) return undefined;
  return dropoutMask(tape.e, shape, { rate, seed: tape.seed, draw: tape.nextDraw() });
}

/** stream + dropout(branch) → float32: the residual connection. */
export function residual(tape: Tape, stream: Node, branch: Node, rate: number): Node {
  const { e } = tape;
  return tape.layer((keep) => {
    const mask = drawMask(tape, branch.value.shape, rate);
    if (mask) keep(mask.kept);
    const added = e.cast(branch.value, 'float32');
    return [
      e.add(stream.value, mask ? applyMask(e, added, mask) : added),
      (grad) => {
        tape.give(branch, e.cast(mask ? applyMask(e, grad, mask) : grad, branch.value.dtype));
        tape.give(stream, grad);
      },
    ];
  });
}
