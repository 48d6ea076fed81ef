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
  steps: { value: 5_000, why: 'the published loss is that of a short run' },
  evalEvery: { value: 1_000, why: 'a look now and then' },
  patience: { value: 0, why: 'the lecture does not stop early' },
  batchSize: { value: 32, why: 'as in the lecture' },
  optimiser: { value: 'sgd', why: 'as in the lecture' },
  learningRate: { value: 0.1, why: 'as in the lecture' },
  beta2: { value: 0, why: 'not used by SGD' },
  weightDecay: { value: 0, why: 'not used by SGD' },
  muonLearningRate: { value: 0, why: 'not used by SGD' },
  muonWeightDecay: { value: 0, why: 'not used by SGD' },
  warmup: { value: 0, why: 'the lecture has none' },
  decay: { value: 0, why: 'the lecture drops the rate only after 150,000 steps' },
  dropoutEmbedding: { value: 0, why: 'the lecture has none' },
  dropoutHidden: { value: 0, why: 'the lecture has none' },
  emaDecay: { value: 0, why: 'the lecture has none' },
};

export const best: Recipe<WavenetHyper> = {
  steps: { value: 12_000, why: 'x' },
  evalEvery: { value: 500, why: 'x' },
  patience: { value: 8, why: 'x' },
  batchSize: { value: 512, why: 'x' },
  optimiser: { value: 'adamw', why: 'x' },
  learningRate: { value: 0.003, why: 'x' },
  beta2: { value: 0.99, why: 'x' },
  weightDecay: { value: 0.1, why: 'x' },
  muonLearningRate: { value: 0.01, why: 'x' },
  muonWeightDecay: { value: 0.1, why: 'x' },
  warmup: { value: 0.02, why: 'x' },
  decay: { value: 0.9, why: 'x' },
  dropoutEmbedding: { value: 0, why: 'x' },
  dropoutHidden: { value: 0.2, why: 'x' },
  emaDecay: { value: 0.998, why: 'x' },
};
