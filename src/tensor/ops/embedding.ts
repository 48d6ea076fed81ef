import type { Start } from './kv-cache.ts';
import type { Handle } from './runtime.ts';
import type { Node, Parameter, Tape } from './tape.ts';

/** Rows of `table` (V, C) by `tokens` (N) int32 → (N, C) float32. */
export function embedding(tape: Tape, table: Parameter, tokens: Handle): Node {
  const { e } = tape;
  const [vocabSize] = table.shape;
  return tape.layer(() => [
    e.gather(table.value, tokens),
    (grad) => {
      // A product with one-hot rows is quicker than TensorFlow's segment sum, and it adds in a fixed order.
      const attributes = { T: 'float32', TI: 'int32', axis: -1 } as const;
      const inputs = [tokens, e.ints(vocabSize!), e.scalar(1), e.scalar(0)];
      tape.accumulate(table, e.matMul(e.op('OneHot', inputs, attributes), e.cast(grad, 'float32'), true));
    },
  ]);
}

/** Adds row `start` + t of `table` (context length, C) to every window's position t: x is (B·T, C). */
export function addPositions(tape: Tape, x: Node, table: Parameter, length: number, start: Start = 0): Node {
  const { e } = tape;
  const [rows, width] = x.value.shape as [number, number];
  const [contextLength] = table.shape as [number, number];
  const windows = [rows / length, length, width]; // (B, T, C)
  return tape.layer(() => {
    if (typeof start !== 'number') return [e.add(x.value, e.gather(table.value, start.at)), () => {}];
    const positions = e.slice(table.value, [start, 0], [length, width]);
    return [
      e.reshape(e.add(e.reshape(x.value, windows), positions), [rows, width]),
      (grad) => {
        const seen = e.sum(e.reshape(grad, windows), [0]); // (T, C)
        const rest = e.reshape(e.ints([start, contextLength - start - length, 0, 0]), [2, 2]);
        tape.accumulate(table, e.op('Pad', [seen, rest], { T: 'float32', Tpaddings: 'int32' }));
        tape.give(x, grad);
      },
    ];
  });
}
