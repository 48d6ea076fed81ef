/**
 * The mlp over a batch, with gradients written by hand. The matrix products, tanh and softmax run in
 * TensorFlow; vectors are looked up, and weights updated, in plain arrays. At this size a call costs more
 * than its arithmetic, so few calls are what makes a step quick; a tape would make three times as many.
 */
import type { Eager } from '../../tensor/ops/eager.ts';
import type { Handle } from '../../tensor/ops/runtime.ts';
import { type MlpConfig, type MlpWeights, mlpShapes } from './model.ts';

/** B examples. */
export interface Batch {
  readonly contexts: Int32Array; // (B, T)
  readonly targets: Int32Array; // (B)
}

/** Mean negative log-likelihood of a batch. */
export function batchLoss(e: Eager, config: MlpConfig, weights: MlpWeights, batch: Batch): number {
  return e.scope(() => mean(e.read(forward(e, config, weights, batch).losses)));
}

/**
 * Mean negative log-likelihood of a batch; its gradient is written into `gradients`.
 */
export function batchGradients(
  e: Eager,
  config: MlpConfig,
  weights: MlpWeights,
  batch: Batch,
  gradients: MlpWeights,
): number {
  return e.scope(() => {
    const { x, hiddenWeight, hidden, headWeight, losses, dLogits } = forward(e, config, weights, batch);
    // TensorFlow's gradient is that of the sum; the loss is the mean.
    const dy = e.mul(dLogits, 1 / batch.targets.length); // (B, V)
    const dHidden = e.matMul(dy, headWeight, false, true); // (B, H)
    const dz = e.op('TanhGrad', [hidden, dHidden], { T: 'float32' }); // (B, H)
    gradients.headWeight.set(e.read(e.matMul(hidden, dy, true)));
    gradients.headBias.set(e.read(biasGradient(e, dy)));
    gradients.hiddenWeight.set(e.read(e.matMul(x, dz, true)));
    gradients.hiddenBias.set(e.read(biasGradient(e, dz)));
    const dx = e.read(e.matMul(dz, hiddenWeight, false, true)); // (B, T·C) = (B·T, C)
    addRows(gradients.embedding.fill(0), batch.contexts, dx, config.nEmbd);
    return mean(e.read(losses));
  });
}

function forward(e: Eager, config: MlpConfig, weights: MlpWeights, { contexts, targets }: Batch) {
  const shapes = mlpShapes(config);
  const parameter = (name: keyof MlpWeights) => e.tensor(weights[name], shapes[name]);
  const hiddenWeight = parameter('hiddenWeight');
  const headWeight = parameter('headWeight');
  const inputs = takeRows(weights.embedding, contexts, config.nEmbd);
  const x = e.tensor(inputs, [targets.length, config.contextLength * config.nEmbd]); // (B, T·C)
  const hidden = e.unary('Tanh', addBias(e, e.matMul(x, hiddenWeight), parameter('hiddenBias'))); // (B, H)
  const logits = addBias(e, e.matMul(hidden, headWeight), parameter('headBias')); // (B, V)
  const [losses, dLogits] = e.ops(
    'SparseSoftmaxCrossEntropyWithLogits',
    [logits, e.tensor(targets, [targets.length])],
    { T: 'float32', Tlabels: 'int32' },
    2,
  ) as [Handle, Handle]; // (B), (B, V)
  return { x, hiddenWeight, hidden, headWeight, losses, dLogits };
}

function addBias(e: Eager, x: Handle, bias: Handle): Handle {
  return e.op('BiasAdd', [x, bias], { T: 'float32' });
}

function biasGradient(e: Eager, gradient: Handle): Handle {
  return e.op('BiasAddGrad', [gradient], { T: 'float32' });
}

/** Rows of `table` (…, C) by index (N) → (N, C). */
function takeRows(table: Float32Array, indices: Int32Array, width: number): Float32Array {
  const rows = new Float32Array(indices.length * width);
  for (let i = 0; i < indices.length; i++) {
    const from = indices[i]! * width;
    for (let c = 0; c < width; c++) rows[i * width + c] = table[from + c]!;
  }
  return rows;
}

/** Adds each of `rows` (N, C) to the row of `table` with its index: the gradient of `takeRows`. */
function addRows(table: Float32Array, indices: Int32Array, rows: Float32Array, width: number): void {
  for (let i = 0; i < indices.length; i++) {
    const to = indices[i]! * width;
    for (let c = 0; c < width; c++) table[to + c]! += rows[i * width + c]!;
  }
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
