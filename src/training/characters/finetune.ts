/** Fine-tuning of the transformers over characters. docs/training.md has the runs behind the recipes. */
import { mergeAdapter } from '../../formats/adapter.ts';
import type { Weights } from '../../tensor/ops/parameters.ts';
import { describeFinetuned } from '../finetune/base.ts';
import type { BaseModel, FinetuneTask, Recipe } from '../task.ts';
import { openCharacterModel } from './measure.ts';
import type { CharacterHyper, MakeNetwork } from './network.ts';
import { startCharacterSession } from './session.ts';

export interface FinetuneHyper extends CharacterHyper {
  /** Width of the adapters; 0 trains the model itself. */
  readonly loraRank: number;
}

const finetune: Recipe<FinetuneHyper> = {
  steps: { value: 100, why: 'eleven epochs of 40 kB; more text gets more steps' },
  evalEvery: { value: 10, why: 'the held-out tenth of a small text costs less than a step' },
  patience: { value: 3, why: 'a small text is soon learned by heart' },
  batchSize: { value: 16, why: 'as in training' },
  microBatchSize: { value: 16, why: 'one pass a step' },
  learningRate: { value: 1e-3, why: 'a third of training’s: what the base knows should stay' },
  muonLearningRate: { value: 0, why: 'AdamW for all: Muon turns whole matrices' },
  beta1: { value: 0.9, why: 'the usual' },
  beta2: { value: 0.99, why: 'a memory of 100 steps fits a short run' },
  weightDecay: { value: 0.1, why: 'data are few' },
  muonWeightDecay: { value: 0, why: 'no Muon' },
  residualDropout: { value: 0.15, why: 'as in training; data are few' },
  attentionDropout: { value: 0, why: 'costs more time than it gains' },
  warmup: { value: 0.05, why: 'AdamW’s second moments need some steps' },
  decay: { value: 0.95, why: 'linear to 0 over the rest' },
  emaDecay: { value: 0, why: 'the rate falls to 0: there is no noise left to average' },
  zeroProjections: { value: false, why: 'not used: the base’s weights are the first' },
  epochs: { value: true, why: 'every character equally often' },
  precision: { value: 'auto', why: 'bfloat16 products cost half the time' },
  loraRank: { value: 0, why: 'all of the model is trained' },
};

const lora: Recipe<FinetuneHyper> = {
  ...finetune,
  learningRate: { value: 1e-2, why: 'thin matrices bear and need ten times what whole ones do' },
  weightDecay: { value: 0, why: 'the rank holds it back enough' },
  loraRank: { value: 8, why: 'under 3 % of the model’s numbers' },
};

/** The fine-tuning of models with a certain network. */
export function characterFinetune(
  makeNetwork: MakeNetwork,
): (base: BaseModel) => FinetuneTask<FinetuneHyper> {
  return (base) => ({
    model: base.name,
    dataset: 'shakespeare',
    splits: ['val'],
    selectOn: 'val',
    recipes: { finetune, lora },
    describe: () => describeFinetuned(base),
    // An adapter is small: it is kept as it was trained.
    weightsDtype: base.adapter ? 'F32' : 'F16',
    start: (setup) => startCharacterSession(makeNetwork, setup, { base, loraRank: setup.hyper.loraRank }),
    open: ({ text, weights }) =>
      openCharacterModel(makeNetwork, {
        text,
        vocabulary: base.vocabulary,
        weights: base.adapter ? mergeAdapter(base.weights as Weights, weights as Weights) : weights,
      }),
  });
}
