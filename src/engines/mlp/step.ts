/**
 * The mlp over a batch, with gradients written by hand. The matrix products, tanh and softmax run in
 * TensorFlow; vectors are looked up, and weights updated, in plain arrays. At this size a call costs more
 * than its arithmetic, so few calls are what makes a step quick; a tape would make three times as many. For the
 * same reason each layer's bias is the last row of its weights, and every input ends in a 1. The 1 that the head
 * needs is a hidden unit that nothing moves: its bias is so large that its tanh is 1 and its gradient 0.
 */
import type { Eager } from '../../tensor/ops/eager.ts';
import type { Handle } from '../../tensor/ops/runtime.ts';
import type { MlpConfig, MlpWeights } from './model.ts';

/** B examples. */
export interface Batch {
  readonly contexts: Int32Array; // (B, T)
  readonly targets: Int32Array; // (B)
}

/** Mean negative log-likelihood of a batch. */
export function batchLoss(e: Eager, config: MlpConfig, weights: MlpWeights, batch: Batch): number {
  return e.scope(() => mean(e.readShared(forward(e, config, weights, batch).losses)));
}

/**
 * Mean negative log-likelihood of a batch; its gradient is written into `gradients`. Both must be views of a
 * flat array (`mlpViews`).
 */
export function batchGradients(
  e: Eager,
  config: MlpConfig,
  weights: MlpWeights,
  batch: Batch,
  gradients: MlpWeights,
): number {
  return e.scope(() => {
    const { x, hiddenMap, hidden, headMap, losses, dLogits } = forward(e, config, weights, batch);
    // TensorFlow's gradient is that of the sum; the loss is the mean.
    const dy = e.mul(dLogits, 1 / batch.targets.length); // (B, V)
    const dHidden = e.matMul(dy, headMap, false, true); // (B, H + 1)
    const dz = e.op('TanhGrad', [hidden, dHidden], { T: 'float32' }); // (B, H + 1)
    e.readInto(e.matMul(hidden, dy, true), asOne(gradients.headWeight, gradients.headBias));
    const dHiddenMap = asOne(gradients.hiddenWeight, gradients.hiddenBias); // (T·C + 1, H)
    copyRows(e.readShared(e.matMul(x, dz, true)), config.nHidden + 1, dHiddenMap, config.nHidden);
    const dx = e.readShared(e.matMul(dz, hiddenMap, false, true)); // (B, T·C + 1)
    addVectors(gradients.embedding.fill(0), batch.contexts, dx, config);
    return mean(e.readShared(losses));
  });
}

function forward(e: Eager, config: MlpConfig, weights: MlpWeights, { contexts, targets }: Batch) {
  const { contextLength, nEmbd, nHidden, vocabSize } = config;
  const width = contextLength * nEmbd + 1;
  const hiddenMap = e.tensor(withOne(asOne(weights.hiddenWeight, weights.hiddenBias), nHidden), [
    width,
    nHidden + 1,
  ]);
  const headMap = e.tensor(asOne(weights.headWeight, weights.headBias), [nHidden + 1, vocabSize]);
  const x = e.tensor(takeVectors(weights.embedding, contexts, config), [targets.length, width]); // (B, T·C + 1)
  const hidden = e.unary('Tanh', e.matMul(x, hiddenMap)); // (B, H + 1)
  const logits = e.matMul(hidden, headMap); // (B, V)
  const [losses, dLogits] = e.ops(
    'SparseSoftmaxCrossEntropyWithLogits',
    [logits, e.tensor(targets, [targets.length])],
    { T: 'float32', Tlabels: 'int32' },
    2,
  ) as [Handle, Handle]; // (B), (B, V)
  return { x, hiddenMap, hidden, headMap, losses, dLogits };
}

/** A matrix and the bias that lies behind it in the flat array, as one matrix. */
function asOne(weight: Float32Array, bias: Float32Array): Float32Array {
  return new Float32Array(weight.buffer as ArrayBuffer, weight.byteOffset, weight.length + bias.length);
}

/** Its tanh is 1 to the last bit of a float32. */
const saturated = 20;

/** The map (T·C + 1, H) with a unit more (T·C + 1, H + 1), which gives 1 whatever the context. */
function withOne(map: Float32Array, nHidden: number): Float32Array {
  const wider = new Float32Array((map.length / nHidden) * (nHidden + 1));
  copyRows(map, nHidden, wider, nHidden + 1);
  wider[wider.length - 1] = saturated;
  return wider;
}

/** Copies matrix rows into a narrower or wider matrix; what does not fit is left out. */
function copyRows(from: Float32Array, fromWidth: number, to: Float32Array, toWidth: number): void {
  const width = Math.min(fromWidth, toWidth);
  for (let row = 0; row * fromWidth < from.length; row++) {
    to.set(from.subarray(row * fromWidth, row * fromWidth + width), row * toWidth);
  }
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
