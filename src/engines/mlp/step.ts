/**
 * The mlp over a batch, with gradients written by hand. The matrix products, tanh and softmax run in
 * TensorFlow; vectors are looked up, and weights updated, in plain arrays. At this size a call costs more
 * than its arithmetic, so few calls are what makes a step quick; a tape would make three times as many. For the
 * same reason the hidden layer's bias is the last row of its weights, and every input ends in a 1.
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
    const { x, hiddenMap, hidden, headWeight, losses, dLogits } = forward(e, config, weights, batch);
    // TensorFlow's gradient is that of the sum; the loss is the mean.
    const dy = e.mul(dLogits, 1 / batch.targets.length); // (B, V)
    const dHidden = e.matMul(dy, headWeight, false, true); // (B, H)
    const dz = e.op('TanhGrad', [hidden, dHidden], { T: 'float32' }); // (B, H)
    gradients.headWeight.set(e.read(e.matMul(hidden, dy, true)));
    gradients.headBias.set(e.read(biasGradient(e, dy)));
    const dMap = e.read(e.matMul(x, dz, true)); // (T·C + 1, H)
    const size = gradients.hiddenWeight.length;
    gradients.hiddenWeight.set(dMap.subarray(0, size));
    gradients.hiddenBias.set(dMap.subarray(size));
    const dx = e.read(e.matMul(dz, hiddenMap, false, true)); // (B, T·C + 1)
    addVectors(gradients.embedding.fill(0), batch.contexts, dx, config);
    return mean(e.read(losses));
  });
}

function forward(e: Eager, config: MlpConfig, weights: MlpWeights, { contexts, targets }: Batch) {
  const shapes = mlpShapes(config);
  const parameter = (name: keyof MlpWeights) => e.tensor(weights[name], shapes[name]);
  const width = config.contextLength * config.nEmbd + 1;
  const hiddenMap = e.tensor(joined(weights.hiddenWeight, weights.hiddenBias), [width, config.nHidden]);
  const headWeight = parameter('headWeight');
  const x = e.tensor(takeVectors(weights.embedding, contexts, config), [targets.length, width]); // (B, T·C + 1)
  const hidden = e.unary('Tanh', e.matMul(x, hiddenMap)); // (B, H)
  const logits = addBias(e, e.matMul(hidden, headWeight), parameter('headBias')); // (B, V)
  const [losses, dLogits] = e.ops(
    'SparseSoftmaxCrossEntropyWithLogits',
    [logits, e.tensor(targets, [targets.length])],
    { T: 'float32', Tlabels: 'int32' },
    2,
  ) as [Handle, Handle]; // (B), (B, V)
  return { x, hiddenMap, hidden, headWeight, losses, dLogits };
}

function addBias(e: Eager, x: Handle, bias: Handle): Handle {
  return e.op('BiasAdd', [x, bias], { T: 'float32' });
}

function biasGradient(e: Eager, gradient: Handle): Handle {
  return e.op('BiasAddGrad', [gradient], { T: 'float32' });
}

function joined(a: Float32Array, b: Float32Array): Float32Array {
  const both = new Float32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** The vectors of every context (B, T) side by side, then a 1 → (B, T·C + 1). */
function takeVectors(
  table: Float32Array,
  contexts: Int32Array,
  { contextLength, nEmbd }: MlpConfig,
): Float32Array {
  const width = contextLength * nEmbd + 1;
  const rows = new Float32Array((contexts.length / contextLength) * width).fill(1);
  for (let i = 0; i < contexts.length; i++) {
    const from = contexts[i]! * nEmbd;
    const to = Math.floor(i / contextLength) * width + (i % contextLength) * nEmbd;
    for (let c = 0; c < nEmbd; c++) rows[to + c] = table[from + c]!;
  }
  return rows;
}

/** Adds to the table what `takeVectors` took from it: its gradient, given that of its rows (B, T·C + 1). */
function addVectors(
  table: Float32Array,
  contexts: Int32Array,
  rows: Float32Array,
  { contextLength, nEmbd }: MlpConfig,
): void {
  const width = contextLength * nEmbd + 1;
  for (let i = 0; i < contexts.length; i++) {
    const to = contexts[i]! * nEmbd;
    const from = Math.floor(i / contextLength) * width + (i % contextLength) * nEmbd;
    for (let c = 0; c < nEmbd; c++) table[to + c]! += rows[from + c]!;
  }
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
