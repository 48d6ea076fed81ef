/** Numbers about a model's predictions over a split. */
import type { OpenedModel, Split } from '../task.ts';

/** Predictions that the model was about equally sure of. */
interface ReliabilityBin {
  /** Mean probability of the likeliest token. */
  readonly confidence: number;
  /** How often that token came. */
  readonly accuracy: number;
  readonly count: number;
}

export interface Measured {
  readonly tokens: number;
  /** Mean negative log-likelihood in nats a token. */
  readonly loss: number;
  /** Standard error of the loss; names, or windows, are what varies. */
  readonly standardError: number;
  /** How often the likeliest token came. */
  readonly accuracy: number;
  /** Mean loss by position in a name or window. */
  readonly byPosition: readonly {
    readonly position: number;
    readonly loss: number;
    readonly count: number;
  }[];
  readonly reliability: readonly ReliabilityBin[];
  /** Expected calibration error: |confidence − accuracy|, weighed by count. Guo et al. (2017). */
  readonly calibrationError: number;
}

const bins = 10;

/** @param limit at most so many predictions of the split, its first */
export async function measurePredictions(
  model: Pick<OpenedModel, 'predict'>,
  split: Split,
  limit?: number,
): Promise<Measured> {
  const confidence = new Float64Array(bins);
  const right = new Float64Array(bins);
  const counts = new Float64Array(bins);
  const positions: { sum: number; count: number }[] = [];
  const units: { sum: number; count: number }[] = [];
  let tokens = 0;
  let sum = 0;
  await model.predict(split, limit === undefined ? {} : { limit }, ({ probabilities, target, position }) => {
    let likeliest = 0;
    for (let token = 1; token < probabilities.length; token++) {
      if (probabilities[token]! > probabilities[likeliest]!) likeliest = token;
    }
    const loss = -Math.log(probabilities[target]!);
    const sure = probabilities[likeliest]!;
    const bin = Math.min(Math.floor(sure * bins), bins - 1);
    confidence[bin]! += sure;
    counts[bin]!++;
    if (likeliest === target) right[bin]!++;
    if (position === 0 || units.length === 0) units.push({ sum: 0, count: 0 });
    positions[position] ??= { sum: 0, count: 0 };
    for (const part of [units.at(-1)!, positions[position]]) {
      part.sum += loss;
      part.count++;
    }
    sum += loss;
    tokens++;
  });
  const loss = sum / tokens;
  const spread = units.reduce((total, unit) => total + (unit.sum - loss * unit.count) ** 2, 0);
  const reliability = Array.from(counts, (count, bin) => ({
    confidence: confidence[bin]! / count,
    accuracy: right[bin]! / count,
    count,
  })).filter(({ count }) => count > 0);
  return {
    tokens,
    loss,
    // A mean over tokens of units of different lengths: the ratio estimator's error.
    standardError: Math.sqrt(spread) / tokens,
    accuracy: right.reduce((total, count) => total + count, 0) / tokens,
    byPosition: positions.map((at, position) => ({ position, loss: at.sum / at.count, count: at.count })),
    reliability,
    calibrationError: reliability.reduce(
      (total, bin) => total + (Math.abs(bin.confidence - bin.accuracy) * bin.count) / tokens,
      0,
    ),
  };
}
