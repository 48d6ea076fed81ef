/** Trains gpt on tiny Shakespeare. See model.ts for the model. */
import { characterFinetune } from '../../training/characters/finetune.ts';
import { initialWeights } from '../../training/characters/initial.ts';
import type { CharacterHyper, CharacterNetwork } from '../../training/characters/network.ts';
import { betterRecipe, characterTask } from '../../training/characters/task.ts';
import type { Recipe } from '../../training/task.ts';
import { gptForward, gptShapes, gptSize } from './model.ts';

function network(vocabSize: number): CharacterNetwork {
  const config = { vocabSize, ...gptSize };
  return {
    shapes: gptShapes(config),
    contextLength: config.contextLength,
    forward: (tape, parameters, tokens, pass) => gptForward(tape, parameters, config, tokens, pass),
    initial: (seed, zeroProjections) =>
      initialWeights(gptShapes(config), seed, (name) => zeroProjections && name.endsWith('project.weight')),
    attentionWidth: config.nLayer * config.nEmbd,
    isHidden: (name) => name.startsWith('blocks.') && name.endsWith('.weight') && !name.includes('norm'),
    matricesIn: (name) => (name.endsWith('qkv.weight') ? 3 : 1),
  };
}

const classic: Recipe<CharacterHyper> = {
  steps: { value: 5000, why: 'as in the lecture' },
  evalEvery: { value: 250, why: 'over the whole split, so it costs more than the lecture’s estimate' },
  patience: { value: 6, why: 'the run has its best loss near a third of its steps, then learns by heart' },
  batchSize: { value: 64, why: 'as in the lecture' },
  microBatchSize: { value: 8, why: 'activations of 8 windows stay near the cache' },
  learningRate: { value: 1e-3, why: 'the published run' },
  muonLearningRate: { value: 0, why: 'AdamW for all, as in the lecture' },
  beta1: { value: 0.9, why: 'PyTorch’s default' },
  beta2: { value: 0.999, why: 'PyTorch’s default' },
  weightDecay: { value: 0.01, why: 'PyTorch’s default' },
  muonWeightDecay: { value: 0, why: 'no Muon' },
  residualDropout: { value: 0.2, why: 'as in the lecture' },
  attentionDropout: { value: 0.2, why: 'as in the lecture' },
  warmup: { value: 0, why: 'the lecture has a constant rate' },
  decay: { value: 0, why: 'the lecture has a constant rate' },
  emaDecay: { value: 0, why: 'the lecture has none' },
  zeroProjections: { value: false, why: 'the lecture starts all matrices alike' },
  epochs: { value: false, why: 'the lecture draws windows independently' },
  precision: { value: 'auto', why: 'bfloat16 products cost half the time and the loss does not notice' },
};

export const task = characterTask(
  'gpt',
  'A GPT over characters, trained on the works of Shakespeare.',
  network,
  gptSize,
  {
    classic,
    best: betterRecipe(classic),
  },
);

export const finetune = characterFinetune(network);
