import type { HyperParameters, Recipe } from '../../training/task.ts';

export interface WavenetHyper extends HyperParameters {
  readonly batchSize: number;
  /** sgd, adamw, or muon (Muon for the levels' matrices, AdamW for the rest). */
  readonly optimiser: string;
  /** Peak rate of SGD or AdamW. */
  readonly learningRate: number;
  /** Second moment's memory in AdamW. */
  readonly beta2: number;
  readonly weightDecay: number;
  readonly muonLearningRate: number;
  readonly muonWeightDecay: number;
  /** Parts of the run in which the rate rises, and falls to 0. */
  readonly warmup: number;
  readonly decay: number;
  readonly dropoutEmbedding: number;
  readonly dropoutHidden: number;
  /** Memory of the averaged weights that are evaluated and shipped; 0: the weights themselves. */
  readonly emaDecay: number;
}

export const classic: Recipe<WavenetHyper> = {
  steps: {
    value: 3_700,
    why: 'the published loss is that of a short run; this length comes nearest to it',
  },
  evalEvery: { value: 0, why: 'the lecture measures the last step' },
  patience: { value: 0, why: 'the lecture does not stop early' },
  batchSize: { value: 32, why: 'as in the lecture' },
  optimiser: { value: 'sgd', why: 'as in the lecture' },
  learningRate: { value: 0.1, why: 'as in the lecture' },
  beta2: { value: 0, why: 'not used by SGD' },
  weightDecay: { value: 0, why: 'the lecture has none' },
  muonLearningRate: { value: 0, why: 'not used by SGD' },
  muonWeightDecay: { value: 0, why: 'not used by SGD' },
  warmup: { value: 0, why: 'the lecture has none' },
  decay: { value: 0, why: 'the lecture lowers the rate only after 150,000 steps' },
  dropoutEmbedding: { value: 0, why: 'the lecture has none' },
  dropoutHidden: { value: 0, why: 'the lecture has none' },
  emaDecay: { value: 0, why: 'the lecture has none' },
};

/** Runs behind the choices are in docs/training.md; `val` there is the validation loss. */
export const best: Recipe<WavenetHyper> = {
  steps: {
    value: 10_000,
    why: '28 epochs: the validation loss still falls, but by less than 0.002 a thousand steps',
  },
  evalEvery: { value: 1_000, why: 'an evaluation takes as long as some twenty steps' },
  patience: { value: 3, why: 'with dropout no run has got worse, so this only cuts runs that fail' },
  batchSize: {
    value: 512,
    why: 'large enough to keep both cores busy; 32 leaves them waiting for single operations',
  },
  optimiser: { value: 'adamw', why: 'val 1.967 after half a run, Muon 1.976, at a lower cost a step' },
  learningRate: { value: 0.003, why: 'the usual for AdamW at this width' },
  beta2: { value: 0.99, why: 'a shorter memory, for a short run' },
  weightDecay: { value: 0.1, why: 'on matrices only; 0.5 gives val 1.988 where 0.1 gives 1.976' },
  muonLearningRate: { value: 0.01, why: 'used with optimiser=muon only' },
  muonWeightDecay: { value: 0.1, why: 'used with optimiser=muon only' },
  warmup: { value: 0.02, why: 'AdamW’s second moment needs some steps to settle' },
  decay: { value: 0.9, why: 'linear to 0: the last steps settle what the first found' },
  dropoutEmbedding: { value: 0, why: '0.05, with 0.15 inside, gives val 1.971; 0 with 0.1 inside 1.948' },
  dropoutHidden: { value: 0.1, why: '0.2 gives val 1.976, 0.1 gives 1.948' },
  emaDecay: { value: 0.998, why: 'averages over the last 500 steps, about one epoch and a half' },
};

/** From a finished model on names of the person's own. */
export const finetune: Recipe<WavenetHyper> = {
  ...best,
  steps: { value: 200, why: 'a short list is learned by then' },
  evalEvery: { value: 20, why: 'an evaluation of a short list costs less than a step' },
  patience: { value: 3, why: 'a short list is soon learned by heart' },
  batchSize: { value: 128, why: 'short lists; the batch norms still have enough to measure' },
  learningRate: { value: 0.001, why: 'a third of training’s: what the base knows should stay' },
  emaDecay: { value: 0, why: 'the rate falls to 0: there is no noise left to average' },
};
