/** wavenet in TensorFlow, for whole batches: the forward pass on a tape, with gradients written by hand. */
import { crossEntropy } from '../../tensor/ops/cross-entropy.ts';
import { applyMask, drawMask } from '../../tensor/ops/dropout.ts';
import { embedding } from '../../tensor/ops/embedding.ts';
import { linear } from '../../tensor/ops/linear.ts';
import type { Parameters } from '../../tensor/ops/parameters.ts';
import type { Handle } from '../../tensor/ops/runtime.ts';
import type { Node, Parameter, Tape } from '../../tensor/ops/tape.ts';
import { contextLength, epsilon, nEmbd, nHidden, nLevel } from './model.ts';

/** Mean and variance of every channel. */
export interface Statistics {
  readonly mean: Handle; // (nHidden)
  readonly variance: Handle; // (nHidden)
}

export interface ForwardOptions {
  /** Rates on the embeddings and on the levels' outputs. Only on a tape with a seed. */
  readonly dropout: { readonly embedding: number; readonly hidden: number };
  /** One for each level; absent: the statistics of this batch, as in training. */
  readonly statistics?: readonly Statistics[];
  /** Told the batch's statistics, level by level; they live as long as the scope around the call. */
  onStatistics?(level: number, statistics: Statistics): void;
}

/** contexts (B · contextLength) int32, targets (B) int32 → negative log-likelihoods (B). */
export function losses(
  tape: Tape,
  parameters: Parameters,
  batch: { contexts: Handle; targets: Handle },
  options: ForwardOptions,
): Node {
  const examples = batch.targets.shape[0]!;
  let positions = contextLength;
  let width = nEmbd;
  let x = embedding(tape, parameters.get('embedding.weight'), batch.contexts); // (B · 8, nEmbd)
  for (let level = 0; level < nLevel; level++) {
    const name = `levels.${level}`;
    const rate = level === 0 ? options.dropout.embedding : options.dropout.hidden;
    positions /= 2;
    // Neighbours lie side by side in memory, so joining them is only another shape.
    x = reshape(tape, x, [examples * positions, 2 * width], rate);
    // A batch's own statistics take away every channel's mean, and the bias with it: it has no gradient.
    const bias = options.statistics && parameters.get(`${name}.linear.bias`);
    x = linear(tape, x, parameters.get(`${name}.linear.weight`), bias); // (B · positions, nHidden)
    x = normTanh(tape, x, parameters.get(`${name}.norm.weight`), parameters.get(`${name}.norm.bias`), {
      statistics: options.statistics?.[level],
      ...(options.onStatistics && {
        onStatistics: (statistics: Statistics) => options.onStatistics?.(level, statistics),
      }),
    });
    width = nHidden;
  }
  x = reshape(tape, x, [examples, nHidden], options.dropout.hidden);
  const logits = linear(tape, x, parameters.get('head.weight'), parameters.get('head.bias')); // (B, vocabSize)
  return crossEntropy(tape, logits, batch.targets);
}

/** Dropout at `rate`, then another shape; `x` itself when neither changes it. */
function reshape(tape: Tape, x: Node, shape: readonly number[], rate: number): Node {
  const { e } = tape;
  const dropped = rate > 0 && tape.seed !== undefined;
  if (!dropped && String(shape) === String(x.value.shape)) return x;
  return tape.layer((keep) => {
    const mask = drawMask(tape, shape, rate);
    if (mask) keep(mask.kept);
    const y = e.reshape(x.value, shape);
    return [
      mask ? applyMask(e, y, mask) : y,
      (grad) => tape.give(x, e.reshape(mask ? applyMask(e, grad, mask) : grad, x.value.shape)),
    ];
  });
}

/**
 * tanh(batch norm(x)), x (N, C). The statistics are over all rows, positions included: over everything but the
 * channel. Ioffe and Szegedy (2015). In plain operations: TensorFlow's fused norm is made for images, and takes
 * three times as long at the sizes here.
 */
function normTanh(
  tape: Tape,
  x: Node,
  gain: Parameter,
  shift: Parameter,
  options: { statistics?: Statistics | undefined; onStatistics?(statistics: Statistics): void } = {},
): Node {
  const { e } = tape;
  const [rows] = x.value.shape as [number, number];
  const { statistics } = options;
  return tape.layer((keep) => {
    const mean = statistics?.mean ?? e.mean(x.value, [0]); // (C)
    const centred = keep(e.sub(x.value, mean));
    const variance = statistics?.variance ?? e.mean(e.unary('Square', centred), [0]); // (C)
    if (!statistics && options.onStatistics) {
      // Outside training the variance is that of a sample: over rows − 1, as in PyTorch.
      const unbiased = e.mul(variance, e.freshScalar(rows / (rows - 1)));
      options.onStatistics({ mean: e.keep(mean), variance: e.keep(unbiased) });
    }
    const perDeviation = keep(e.unary('Rsqrt', e.add(variance, e.scalar(epsilon))));
    const scale = keep(e.mul(perDeviation, gain.value));
    const norm = e.op('BiasAdd', [e.mul(centred, scale), shift.value], { T: 'float32' });
    const y = e.unary('Tanh', norm);
    return [
      y,
      (grad) => {
        const dNorm = e.op('TanhGrad', [y, grad], { T: 'float32' });
        const meanGrad = e.mean(dNorm, [0]);
        // How much of the gradient lies along x itself, by channel, in deviations.
        const along = e.mul(e.mean(e.mul(dNorm, centred), [0]), perDeviation);
        tape.accumulate(gain, e.mul(along, rows));
        tape.accumulate(shift, e.mul(meanGrad, rows));
        // A batch's mean and variance move with x: what goes along them moves nothing.
        const fixed = e.mul(centred, e.mul(along, perDeviation));
        tape.give(x, e.mul(e.sub(e.sub(dNorm, meanGrad), fixed), scale));
      },
    ];
  });
}
