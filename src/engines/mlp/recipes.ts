import type { HyperParameters, Recipe } from '../../training/task.ts';

export interface MlpHyper extends HyperParameters {
  readonly batchSize: number;
  /** First weights: `layers` as TensorFlow.js's layers draw them, `scaled` as in the lecture's third part. */
  readonly init: string;
  /** sgd or adamw. */
  readonly optimiser: string;
  /** Peak rate. */
  readonly learningRate: number;
  /** Second moment's memory in AdamW. */
  readonly beta2: number;
  /** On matrices only. */
  readonly weightDecay: number;
  /** Parts of the run in which the rate rises, and falls to 0. */
  readonly warmup: number;
  readonly decay: number;
}

export const classic: Recipe<MlpHyper> = {
  steps: { value: 100_000, why: 'the published loss is that of 100,000 steps' },
  evalEvery: { value: 0, why: 'the published loss is that of the last step' },
  patience: { value: 0, why: 'the published run does not stop early' },
  batchSize: { value: 32, why: 'as published' },
  init: { value: 'layers', why: 'comes nearest to the published loss; `scaled` gives a better one' },
  optimiser: { value: 'sgd', why: 'as published' },
  learningRate: { value: 0.05, why: 'as published, the same at every step' },
  beta2: { value: 0, why: 'not used by SGD' },
  weightDecay: { value: 0, why: 'the published run has none' },
  warmup: { value: 0, why: 'the published run has none' },
  decay: { value: 0, why: 'the published run has none' },
};

export const best: Recipe<MlpHyper> = {
  steps: { value: 20_000, why: '112 epochs: this small a net does not overfit, it only settles' },
  evalEvery: { value: 1_000, why: 'an evaluation takes as long as some fifty steps' },
  patience: { value: 5, why: 'cuts runs that fail' },
  batchSize: { value: 1_024, why: 'large enough that a step is arithmetic rather than calls' },
  init: { value: 'scaled', why: 'a first loss near ln 27 and tanh units that are not saturated' },
  optimiser: { value: 'adamw', why: 'embedding and layers need rates of their own' },
  learningRate: { value: 0.01, why: 'high, for a small net and a large batch' },
  beta2: { value: 0.99, why: 'a shorter memory, for a short run' },
  weightDecay: { value: 0, why: 'there is nothing to overfit with' },
  warmup: { value: 0.02, why: 'AdamW’s second moment needs some steps to settle' },
  decay: { value: 0.9, why: 'linear to 0: the last steps settle what the first found' },
};

/** From a finished model on names of the person's own. */
export const finetune: Recipe<MlpHyper> = {
  ...best,
  steps: { value: 300, why: 'the net is small: it has settled, or learned the list by heart, by then' },
  evalEvery: { value: 20, why: 'an evaluation of a short list costs less than a step' },
  patience: { value: 5, why: 'a short list is soon learned by heart' },
  batchSize: { value: 128, why: 'short lists' },
  init: { value: 'scaled', why: 'not used: the base’s weights are the first' },
  learningRate: { value: 0.003, why: 'a third of training’s: what the base knows should stay' },
};
