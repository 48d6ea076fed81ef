/** Trains tiny-llama on tiny Shakespeare. See model.ts for the model. */
import { characterFinetune } from '../../training/characters/finetune.ts';
import { initialWeights } from '../../training/characters/initial.ts';
import type { CharacterHyper, CharacterNetwork } from '../../training/characters/network.ts';
import { betterRecipe, characterTask } from '../../training/characters/task.ts';
import type { Recipe } from '../../training/task.ts';
import { llamaForward, llamaShapes, llamaSize } from './model.ts';

function network(vocabSize: number): CharacterNetwork {
  const config = { vocabSize, ...llamaSize };
  const writesToStream = (name: string) => /(o_proj|down_proj)\.weight$/.test(name);
  return {
    shapes: llamaShapes(config),
    contextLength: config.contextLength,
    forward: (tape, parameters, tokens, pass) => llamaForward(tape, parameters, config, tokens, pass),
    initial: (seed, zeroProjections) =>
      initialWeights(llamaShapes(config), seed, (name) => zeroProjections && writesToStream(name)),
    attentionWidth: config.nLayer * config.nEmbd,
    isHidden: (name) => name.endsWith('_proj.weight'),
    matricesIn: () => 1,
  };
}

/** AdamW alone, in the manner of nanoGPT's run on these characters. */
const classic: Recipe<CharacterHyper> = {
  steps: { value: 2500, why: 'half of nanoGPT’s 5,000: its best loss comes in the first half' },
  evalEvery: { value: 250, why: 'ten looks at the whole split' },
  patience: { value: 0, why: 'the rate falls to 0 at the end' },
  batchSize: { value: 64, why: 'as in nanoGPT' },
  microBatchSize: { value: 8, why: 'activations of 8 windows stay near the cache' },
  learningRate: { value: 1e-3, why: 'as in nanoGPT' },
  muonLearningRate: { value: 0, why: 'AdamW for all' },
  beta1: { value: 0.9, why: 'as in nanoGPT' },
  beta2: { value: 0.99, why: 'as in nanoGPT: few tokens a step' },
  weightDecay: { value: 0.1, why: 'as in nanoGPT' },
  muonWeightDecay: { value: 0, why: 'no Muon' },
  residualDropout: { value: 0.2, why: 'as in nanoGPT' },
  attentionDropout: { value: 0.2, why: 'as in nanoGPT' },
  warmup: { value: 0.04, why: '100 steps, as in nanoGPT' },
  decay: { value: 0.96, why: 'linear to 0 over the rest' },
  emaDecay: { value: 0, why: 'nanoGPT has none' },
  zeroProjections: { value: false, why: 'all matrices start alike' },
  epochs: { value: false, why: 'nanoGPT draws windows independently' },
  precision: { value: 'auto', why: 'bfloat16 products cost half the time' },
};

export const task = characterTask(
  'tiny-llama',
  'A LLaMA over characters, trained on the works of Shakespeare.',
  network,
  llamaSize,
  {
    classic,
    best: betterRecipe(classic),
  },
);

export const finetune = characterFinetune(network);
