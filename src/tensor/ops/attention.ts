import { applyMask, drawMask } from './dropout.ts';
import type { Eager } from './eager.ts';
import type { Handle } from './runtime.ts';
import type { Node, Tape } from './tape.ts';

export interface AttentionShape {
  readonly batch: number; // B
  readonly length: number; // T
  readonly nHead: number; // H
}

/**
 * Causal self-attention of every head. Vaswani et al. (2017).
 * q, k, v: (B, H, T, D) in the tape's dtype → (B·T, H·D). Scores and softmax are float32; of the (T, T)
 * matrices only the probabilities are kept, in the tape's dtype. `rate`: dropout of the probabilities;
 * `watch` is shown them.
 */
export function attention(
  tape: Tape,
  [q, k, v]: readonly Node[],
  { batch, length, nHead }: AttentionShape,
  rate = 0,
  watch?: (probabilities: Handle) => void,
): Node {
  const { e, dtype } = tape;
  if (!q || !k || !v) throw new RangeError('attention takes q, k and v');
  const size = q.value.shape[3]!; // D
  const factor = 1 / Math.sqrt(size);
  return tape.layer((keep) => {
    const scaled = keep(e.mul(q.value, factor));
    const p = keep(e.cast(probabilities(e, scaled, k.value), dtype)); // (B, H, T, T)
    watch?.(p);
    const drop = drawMask(tape, p.shape, rate);
    if (drop) keep(drop.kept);
    const output = keep(e.batchMatMul(drop ? applyMask(e, p, drop) : p, v.value)); // (B, H, T, D)
    return [
      e.reshape(e.transpose(output, [0, 2, 1, 3]), [batch * length, nHead * size]),
      (grad) => {
        const byHead = e.reshape(e.cast(grad, dtype), [batch, length, nHead, size]);
        const dOutput = e.transpose(byHead, [0, 2, 1, 3]);
        tape.give(v, e.batchMatMul(drop ? applyMask(e, p, drop) : p, dOutput, true));
        const dUsed = e.batchMatMul(dOutput, v.value, false, true); // (B, H, T, T)
        const dP = e.cast(drop ? applyMask(e, dUsed, drop) : dUsed, 'float32');
        // Σⱼ Pⱼ dPⱼ is the row's output · gradient: D products instead of T. Dao et al. (2022), appendix B.
        const product = e.mul(e.cast(output, 'float32'), e.cast(dOutput, 'float32'));
        const rows = e.sum(product, [3], true); // (B, H, T, 1)
        const dScores = e.cast(e.mul(e.sub(dP, rows), e.cast(p, 'float32')), dtype);
        tape.give(q, e.mul(e.batchMatMul(dScores, k.value), factor));
        tape.give(k, e.batchMatMul(dScores, scaled, true));
      },
    ];
  });
}

/**
 * Causal softmax of q kᵀ, in float32: (…, T, D), (…, S, D) → (…, T, S). `q` is already divided by √D. The T
 * queries are the last of the S positions.
 */
export function probabilities(e: Eager, q: Handle, k: Handle): Handle {
  const [queries, positions] = [q.shape.at(-2)!, k.shape.at(-2)!];
  return e.scope(() => {
    const scores = e.cast(e.batchMatMul(q, k, false, true), 'float32');
    if (queries === 1) return e.keep(e.unary('Softmax', scores));
    const mask = causalMask(e, positions);
    const rows = queries === positions ? mask : e.slice(mask, [positions - queries, 0], [queries, positions]);
    return e.keep(e.unary('Softmax', e.add(scores, rows)));
  });
}

/** 0 where a query may look, −1e9 where the key lies in its future: (T, T) float32, made once for each T. */
function causalMask(e: Eager, length: number): Handle {
  return e.constant(`causal mask ${length}`, () => {
    const values = Float32Array.from({ length: length * length }, (_, index) =>
      index % length > Math.floor(index / length) ? -1e9 : 0,
    );
    return e.tensor(values, [length, length]);
  });
}

/** (B·T, n·H·D) → n nodes of (B, H, T, D): the heads of q, k and v out of one product. */
export function splitHeads(
  tape: Tape,
  x: Node,
  parts: number,
  { batch, length, nHead }: AttentionShape,
): Node[] {
  const { e } = tape;
  const size = x.value.shape[1]! / parts / nHead;
  return tape.layers(() => {
    const apart = e.reshape(x.value, [batch, length, parts, nHead, size]);
    return [
      e.unstack(e.transpose(apart, [2, 0, 3, 1, 4])),
      (...grads) => {
        const together = e.transpose(e.stack(grads), [1, 3, 0, 2, 4]); // (B, T, n, H, D)
        tape.give(x, e.reshape(together, [batch * length, parts * nHead * size]));
      },
    ];
  });
}
