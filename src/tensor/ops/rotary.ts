import type { Eager } from './eager.ts';
import type { Start } from './kv-cache.ts';
import type { DType, Handle } from './runtime.ts';
import type { Node, Tape } from './tape.ts';

interface Tables {
  readonly cos: Handle; // (T, D)
  readonly sin: Handle; // (T, D)
  /** x × turn: (x₀, x₁, x₂, x₃ …) → (−x₁, x₀, −x₃, x₂ …), in float32: (D, D) */
  readonly turn: Handle;
}

/**
 * Rotary positions: each pair of neighbours (2i, 2i + 1) turns by position / base^(2i / D).
 * x (B, H, T, D) → the same shape and dtype; the first position is `start`. Su et al. (2021); pairs as in
 * llama.cpp's "normal" rope, the one its LLaMA uses.
 */
export function rotary(tape: Tape, x: Node, base: number, start: Start = 0): Node {
  const { e } = tape;
  const { dtype } = x.value;
  return tape.layer(() => [
    rotate(e, x.value, base, start),
    (grad) => {
      // The inverse of a turn is the turn by the opposite angle.
      const { cos, sin, turn } = tables(e, grad.shape, base, start);
      const exact = e.cast(grad, 'float32');
      const back = e.sub(e.mul(exact, cos), e.mul(e.batchMatMul(exact, turn), sin));
      tape.give(x, e.cast(back, dtype));
    },
  ]);
}

/** The same for a plain tensor, without a gradient. */
function rotate(e: Eager, x: Handle, base: number, start: Start): Handle {
  const dtype: DType = x.dtype;
  return e.scope(() => {
    const { cos, sin, turn } = tables(e, x.shape, base, start);
    const exact = e.cast(x, 'float32');
    const turned = e.add(e.mul(exact, cos), e.mul(e.batchMatMul(exact, turn), sin));
    return e.keep(e.cast(turned, dtype));
  });
}

/** Made once for each (T, D, base, start = 0); later starts are not kept, there are too many of them. */
function tables(e: Eager, shape: readonly number[], base: number, start: Start): Tables {
  const [length, size] = shape.slice(-2) as [number, number];
  if (typeof start !== 'number') {
    const { cos, sin, turn } = tables(e, [start.most, size], base, 0);
    return { cos: e.gather(cos, start.at), sin: e.gather(sin, start.at), turn };
  }
  const kept = (what: string, make: () => Handle) =>
    start === 0 ? e.constant(`rotary ${what} ${length} ${size} ${base}`, make) : make();
  const angle = (index: number) =>
    (start + Math.floor(index / size)) * base ** (-(2 * Math.floor((index % size) / 2)) / size);
  const table = (of: (angle: number) => number) =>
    e.tensor(
      Float32Array.from({ length: length * size }, (_, i) => of(angle(i))),
      [length, size],
    );
  return {
    cos: kept('cos', () => table(Math.cos)),
    sin: kept('sin', () => table(Math.sin)),
    turn: e.constant(`rotary turn ${size}`, () => e.tensor(turnMatrix(size), [size, size])),
  };
}

/** Swaps the two of each pair and turns the sign of the first. */
function turnMatrix(size: number): Float32Array {
  const turn = new Float32Array(size * size);
  for (let i = 0; i < size; i += 2) {
    turn[(i + 1) * size + i] = -1;
    turn[i * size + i + 1] = 1;
  }
  return turn;
}
