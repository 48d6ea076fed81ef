/**
 * Training of transformers over characters: micro-batches, optimisers, averages. What differs between models
 * comes as a `CharacterNetwork`.
 */
import { mergeAdapter } from '../../formats/adapter.ts';
import { loadTensorFlow } from '../../tensor/index.ts';
import { crossEntropy } from '../../tensor/ops/cross-entropy.ts';
import { Eager } from '../../tensor/ops/eager.ts';
import { Parameters, type Weights } from '../../tensor/ops/parameters.ts';
import { fastDType } from '../../tensor/ops/precision.ts';
import type { DType } from '../../tensor/ops/runtime.ts';
import type { Parameter } from '../../tensor/ops/tape.ts';
import { weightsToStart } from '../finetune/base.ts';
import { AdamW } from '../optimisers/adamw.ts';
import { Ema } from '../optimisers/ema.ts';
import { gradNorm } from '../optimisers/grad-norm.ts';
import { Muon } from '../optimisers/muon.ts';
import type { Optimiser } from '../optimisers/optimiser.ts';
import { derivedSeed } from '../order.ts';
import { RecordedStep } from '../recorded-step.ts';
import { warmupStableDecay } from '../schedules.ts';
import { splitCharacters } from '../splits.ts';
import type { BaseModel, StepPosition, TaskSetup, TrainingSession } from '../task.ts';
import { attachAdapters } from './lora.ts';
import { estimateLoss, evaluateAll, sampleTexts, tokensOf } from './measure.ts';
import type { CharacterHyper, CharacterNetwork, MakeNetwork } from './network.ts';
import { windowStarts, windowTensors } from './windows.ts';

/** A model that training starts from, in place of random weights. */
interface Start {
  readonly base: BaseModel;
  /** Width of the adapters to train beside the base; 0: the base itself is trained. */
  readonly loraRank: number;
}

export async function startCharacterSession(
  makeNetwork: MakeNetwork,
  { text, hyper, seed }: TaskSetup<CharacterHyper>,
  start?: Start,
): Promise<TrainingSession> {
  const splits = splitCharacters(text, start?.base.vocabulary);
  const network = makeNetwork(splits.characters.length);
  const { contextLength } = network;
  const { tf } = await loadTensorFlow();
  const e = new Eager(tf);
  const dtype = hyper.precision === 'auto' ? fastDType() : (hyper.precision as DType);
  const first = start
    ? (weightsToStart(start.base, network.shapes) as Weights)
    : network.initial(seed, hyper.zeroProjections);
  const parameters = new Parameters(e, network.shapes, first, dtype);
  const rank = start?.loraRank ?? 0;
  const adapters = rank > 0 ? attachAdapters(e, parameters, network, { rank, seed, dtype }) : undefined;
  /** What is trained, kept and shipped. */
  const trained = adapters ?? parameters;
  const optimisers = makeOptimisers(e, trained, network, hyper, dtype);
  const ema = hyper.emaDecay > 0 ? new Ema(e, trained, hyper.emaDecay) : undefined;
  const schedule = warmupStableDecay({ warmup: hyper.warmup, decay: hyper.decay });
  const { batchSize, microBatchSize } = hyper;
  const starts = windowStarts(splits.train, contextLength, { ...hyper, seed });
  const drop = { residual: hyper.residualDropout, attention: hyper.attentionDropout };
  const tokensPerStep = batchSize * contextLength;
  const measured = { e, network, parameters, dtype };
  const averaged = <T>(body: () => T): T => (ema ? ema.swapped(body) : body());
  const weights = () => (ema ? ema.weights() : trained.read());
  const wholeWeights = () => (adapters ? mergeAdapter(first, weights()) : weights());

  const microStep = new RecordedStep(e, {
    dtype,
    losses: (tape, { inputs, targets }) =>
      crossEntropy(tape, network.forward(tape, parameters, inputs, { drop }), targets),
    parameters: [...new Set([...parameters.all, ...trained.all])],
    share: 1 / tokensPerStep,
  });

  return {
    parameterCount: parameters.count,
    tokensPerStep,
    work: { flopsPerToken: flopsPerToken(network), dtype },
    stepsPerEpoch: splits.train.length / tokensPerStep,
    step({ step, progress }: StepPosition) {
      const factor = schedule(progress);
      const windows = starts(step);
      let sum = 0;
      for (let first = 0; first < batchSize; first += microBatchSize) {
        const some = windows.subarray(first, first + microBatchSize);
        sum += e.scope(() => {
          const batch = windowTensors(e, splits.train, some, contextLength);
          return microStep.run(batch, derivedSeed(seed, step, first));
        });
      }
      const norm = gradNorm(e, trained.all);
      for (const optimiser of optimisers) optimiser.step(factor);
      trained.clearGradients();
      ema?.step();
      return { loss: sum / tokensPerStep, learningRate: factor * hyper.learningRate, gradNorm: norm };
    },
    evaluate: (split) => averaged(() => evaluateAll(measured, tokensOf(splits, split))),
    estimate: (split, options) => averaged(() => estimateLoss(measured, tokensOf(splits, split), options)),
    sample: (options) => sampleTexts(tf, network, splits.characters, wholeWeights(), options),
    state() {
      const parts = [trained.read(), ...optimisers.map((o) => o.state()), ema?.state() ?? []];
      return new Map(parts.flatMap((part) => [...part]));
    },
    restore(state) {
      trained.restore(state as Weights);
      for (const optimiser of optimisers) optimiser.restore(state);
      ema?.restore(state);
    },
    weights,
    [Symbol.dispose]() {
      for (const part of [microStep, parameters, adapters, ...optimisers, ema]) part?.[Symbol.dispose]();
    },
  };
}

function makeOptimisers(
  e: Eager,
  parameters: Parameters,
  network: CharacterNetwork,
  hyper: CharacterHyper,
  dtype: DType,
): Optimiser[] {
  const { learningRate, beta1, beta2, weightDecay, muonLearningRate, muonWeightDecay } = hyper;
  const byMuon = (parameter: Parameter) => muonLearningRate > 0 && network.isHidden(parameter.name);
  const rest = parameters.all.filter((parameter) => !byMuon(parameter));
  const adamw = new AdamW(e, parameters, rest, { learningRate, beta1, beta2, epsilon: 1e-8, weightDecay });
  if (muonLearningRate === 0) return [adamw];
  const muon = new Muon(e, parameters, parameters.all.filter(byMuon), {
    learningRate: muonLearningRate,
    momentum: 0.95,
    weightDecay: muonWeightDecay,
    dtype,
    matricesIn: (name) => network.matricesIn(name),
  });
  return [adamw, muon];
}

/** Of the matrix products of a token, forward and backward: 6 a weight, and attention's own. Chowdhery et al. (2022), appendix B. */
function flopsPerToken({ shapes, isHidden, attentionWidth = 0, contextLength }: CharacterNetwork): number {
  const weights = [...shapes]
    .filter(([name]) => isHidden(name))
    .reduce((sum, [, shape]) => sum + shape.reduce((product, length) => product * length, 1), 0);
  return 6 * weights + 12 * attentionWidth * contextLength;
}
