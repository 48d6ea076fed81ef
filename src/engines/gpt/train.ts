/** Trains gpt on tiny Shakespeare. See model.ts for the model. */
import { characterFinetune } from '../../training/characters/finetune.ts';
import { initialWeights } from '../../training/characters/initial.ts';
import { openCharacterModel } from '../../training/characters/measure.ts';
import type { CharacterHyper, CharacterNetwork } from '../../training/characters/network.ts';
import { startCharacterSession } from '../../training/characters/session.ts';
import { splitCharacters } from '../../training/splits.ts';
import type { Recipe, TrainingTask } from '../../training/task.ts';
import { gptForward, gptShapes, gptSize } from './model.ts';

function network(vocabSize: number): CharacterNetwork {
  const config = { vocabSize, ...gptSize };
  return {
    shapes: gptShapes(config),
    contextLength: config.contextLength,
    forward: (tape, parameters, tokens, pass) => gptForward(tape, parameters, config, tokens, pass),
    initial: (seed, zeroProjections) =>
      initialWeights(gptShapes(config), seed, (name) => zeroProjections && name.endsWith('project.weight')),
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

const best: Recipe<CharacterHyper> = {
  ...classic,
  steps: {
    value: 1666,
    why: '6.8 epochs: the length of the shipped run, an hour of a shared machine',
  },
  evalEvery: { value: 200, why: 'an evaluation costs as much as a dozen steps' },
  patience: { value: 0, why: 'the rate falls to 0 at the end, where the loss is best' },
  batchSize: { value: 16, why: 'Muon gains more from steps than from larger batches' },
  microBatchSize: { value: 16, why: 'one pass a step: fewer, larger operations' },
  learningRate: { value: 3e-3, why: 'embeddings, head and vectors bear more under Muon’s company' },
  muonLearningRate: { value: 0.02, why: 'the rate Muon was published with' },
  beta2: { value: 0.99, why: 'a memory of 100 steps fits a run of some thousand' },
  weightDecay: { value: 0.1, why: 'data are few' },
  muonWeightDecay: { value: 0.1, why: 'data are few' },
  residualDropout: { value: 0.15, why: 'data are few, but so are the epochs' },
  attentionDropout: { value: 0, why: 'costs more time than it gains' },
  warmup: { value: 0.01, why: 'AdamW’s second moments need some steps' },
  decay: { value: 0.65, why: 'flat, then linear to 0' },
  emaDecay: { value: 0.99, why: 'takes the noise out of the flat part; follows the decay' },
  zeroProjections: { value: true, why: 'blocks start as the identity' },
  epochs: { value: true, why: 'every character equally often' },
};

export const task: TrainingTask<CharacterHyper> = {
  model: 'gpt',
  dataset: 'shakespeare',
  splits: ['val'],
  selectOn: 'val',
  recipes: { classic, best },
  describe: (text) => ({
    engine: 'gpt',
    description: 'A GPT over characters, trained on the works of Shakespeare.',
    architecture: { ...gptSize },
    contextLength: gptSize.contextLength,
    vocabulary: [...splitCharacters(text).characters],
    trainedOn: 'tiny Shakespeare',
    license: 'MIT',
  }),
  weightsDtype: 'F16',
  start: (setup) => startCharacterSession(network, setup),
  open: (setup) => openCharacterModel(network, setup),
};

export const finetune = characterFinetune(network);
