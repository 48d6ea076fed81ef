/** What the transformers over characters share as tasks: the better recipe, and all but the network. */
import { splitCharacters } from '../splits.ts';
import type { Recipe, TrainingTask } from '../task.ts';
import { openCharacterModel } from './measure.ts';
import type { CharacterHyper, MakeNetwork } from './network.ts';
import { startCharacterSession } from './session.ts';

/** Muon inside, AdamW outside, few epochs. docs/training-log.md has the runs; the rest is the model's classic recipe. */
const better = {
  steps: { value: 1666, why: '6.8 epochs: the length of the shipped runs, an hour of a shared machine' },
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
} as const satisfies Partial<Recipe<CharacterHyper>>;

/** The better recipe over a classic one. */
export function betterRecipe(classic: Recipe<CharacterHyper>): Recipe<CharacterHyper> {
  return { ...classic, ...better };
}

/** A task on tiny Shakespeare. `model` is also the engine's id. */
export function characterTask(
  model: string,
  description: string,
  network: MakeNetwork,
  size: Readonly<Record<string, number>> & { readonly contextLength: number },
  recipes: TrainingTask<CharacterHyper>['recipes'],
): TrainingTask<CharacterHyper> {
  return {
    model,
    dataset: 'shakespeare',
    splits: ['val'],
    selectOn: 'val',
    recipes,
    describe: (text) => ({
      engine: model,
      description,
      architecture: { ...size },
      contextLength: size.contextLength,
      vocabulary: [...splitCharacters(text).characters],
      trainedOn: 'tiny Shakespeare',
      license: 'MIT',
    }),
    weightsDtype: 'F16',
    start: (setup) => startCharacterSession(network, setup),
    open: (setup) => openCharacterModel(network, setup),
  };
}
