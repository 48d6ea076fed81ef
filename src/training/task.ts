/**
 * What an engine's `train.ts` gives to the training loop: types only. The loop (loop.ts) counts steps,
 * evaluates, keeps checkpoints and logs; the engine knows the model, its gradients and its data. A step may
 * use tape gradients, micro-batches or hand-written gradients: the loop does not care.
 *
 * Everything random in a step is drawn from (seed, step) or from state that `state()` gives away: then a run
 * cut anywhere and resumed ends with the same loss, to the last digit. order.ts draws batches that way; for
 * dropout masks use TensorFlow's stateless random operations, seeded with (seed, step).
 */
import type { ModelDescription, ModelFile } from '../formats/model-file.ts';

/** `val` is the lecture's "dev": the split that early stopping looks at. `test` is looked at once, at the end. */
export type Split = 'train' | 'val' | 'test';

export type DatasetName = 'names' | 'shakespeare';

/**
 * `classic` reproduces the published figure, `best` beats it at the same architecture. `finetune` and `lora` start
 * from a finished model: the first trains all of it, the second an adapter beside it.
 */
export type RecipeName = 'classic' | 'best' | 'finetune' | 'lora';

/** Tensors outside TensorFlow, by name. */
export type NamedArrays = ReadonlyMap<string, NamedArray>;

export interface NamedArray {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: Float32Array | Int32Array;
}

/** What the loop must know of any recipe; an engine adds its own hyper-parameters. */
export interface HyperParameters {
  /** Optimiser steps. Under `--minutes` this number is not used. */
  readonly steps: number;
  /** Steps between evaluations; 0 evaluates at the end only. */
  readonly evalEvery: number;
  /** Stop after this many evaluations without a better loss; 0 never stops early. */
  readonly patience: number;
}

/** Every hyper-parameter with its reason. */
export type Recipe<H> = { readonly [K in keyof H]: { readonly value: H[K]; readonly why: string } };

/** Where in the run a step is. */
export interface StepPosition {
  /** From 0. */
  readonly step: number;
  /** Part of the budget (steps, or minutes) that is spent, in [0, 1): schedules follow this, not the step. */
  readonly progress: number;
}

export interface StepReport {
  /** Mean loss of the batch in nats a token, before the update. */
  readonly loss: number;
  readonly learningRate: number;
  /** L2 norm of the whole gradient before clipping, when the engine knows it. */
  readonly gradNorm?: number;
}

export interface EvalReport {
  /** Mean negative log-likelihood in nats a token, over the whole split. */
  readonly loss: number;
  /** Tokens predicted. */
  readonly tokens: number;
}

/** A model with weights that can be measured: shipped ones, a run's best, or those in training. */
export interface MeasurableModel extends Disposable {
  readonly parameterCount: number;
  /** The whole split, deterministic: no dropout, a fixed order. */
  evaluate(split: Split): EvalReport | Promise<EvalReport>;
  /** nanoGPT's noisy estimate: the mean over `batches` random batches (Shakespeare models). */
  estimate?(split: Split, options: { batches: number; seed: number }): EvalReport | Promise<EvalReport>;
  /** Texts to look at: the same for the same seed. */
  sample(options: { count: number; seed: number }): readonly string[] | Promise<readonly string[]>;
}

/** What a model says of one token of a split. */
export interface TokenPrediction {
  /** Of every token to come next; overwritten by the next prediction. */
  readonly probabilities: Float32Array; // (V)
  /** The token that came. */
  readonly target: number;
  /** Tokens of the same name, or window, before it. */
  readonly position: number;
}

/** A model with given weights, which tells its predictions one by one: for reports. */
export interface OpenedModel extends MeasurableModel {
  /** Visits the predictions for a split in the split's order, the first `limit` of them (default all). */
  predict(
    split: Split,
    options: { readonly limit?: number },
    visit: (prediction: TokenPrediction) => void,
  ): void | Promise<void>;
}

export interface TrainingSession extends MeasurableModel {
  readonly tokensPerStep: number;
  /** What its matrix products take, forward and backward, and in which dtype; for the view's utilisation. */
  readonly work?: { readonly flopsPerToken: number; readonly dtype: string };
  /** For the log's `epoch`; may be a fraction (below 1 when a step sees more than the whole split). */
  readonly stepsPerEpoch: number;
  /** One optimiser step. Synchronous engines return the report itself, which costs the loop nothing. */
  step(at: StepPosition): StepReport | Promise<StepReport>;
  /** Copies of everything that later steps depend on: weights, optimiser, EMA, running statistics, generators. */
  state(): NamedArrays;
  /** @throws AppError CHECKPOINT_INVALID when a tensor is missing or has another shape. */
  restore(state: NamedArrays): void;
  /** Copies of the weights to ship and to evaluate (the EMA, when the recipe has one). `evaluate` uses the same. */
  weights(): NamedArrays;
}

/** The parts of model.json that do not depend on the run; the loop adds the others. */
export type ModelFacts = Omit<ModelDescription, 'id' | 'parameterCount' | 'recipe' | 'losses'>;

export interface TaskSetup<H> {
  /** The dataset's text, whole; splits.ts cuts it. */
  readonly text: string;
  readonly hyper: H;
  readonly seed: number;
}

/** What a run trains: a model from its first weights (`TrainingTask`), or from a finished one's (`FinetuneTask`). */
export interface Task<H extends HyperParameters = HyperParameters> {
  /** Id of the model that comes out. */
  readonly model: string;
  readonly dataset: DatasetName;
  /** Splits that `evaluate` can measure, in the order in which they are printed. */
  readonly splits: readonly Split[];
  /** The split whose loss picks the best checkpoint and stops early; never `test`. */
  readonly selectOn: Split;
  readonly recipes: Readonly<Partial<Record<RecipeName, Recipe<H>>>>;
  /** What model.json says of the model whatever the run; `text` is the dataset's, for the vocabulary. */
  describe(text: string): ModelFacts;
  /** How the weights are written; the loss in model.json is measured after rounding. Default F32. */
  readonly weightsDtype?: 'F32' | 'F16';
  /** A fresh model. Called once the backend is ready (see tensor/index.ts for engines on TensorFlow). */
  start(setup: TaskSetup<H>): TrainingSession | Promise<TrainingSession>;
  /** A model with given weights, to measure. @throws AppError FILE_INVALID when they do not fit. */
  open(setup: OpenSetup): OpenedModel | Promise<OpenedModel>;
}

export interface OpenSetup {
  readonly text: string;
  readonly weights: NamedArrays;
  /** The model's tokens; absent: those of the text. Models of names have always the same. */
  readonly vocabulary?: readonly string[];
}

/** A model that `babble train` and `babble eval` know; its id is its engine's: `mlp`. */
export interface TrainingTask<H extends HyperParameters = HyperParameters> extends Task<H> {
  readonly recipes: { readonly classic: Recipe<H>; readonly best?: Recipe<H> };
}

/** A model that starts from a finished one. */
export interface FinetuneTask<H extends HyperParameters = HyperParameters> extends Task<H> {
  /** No `lora`: the model has no adapters. */
  readonly recipes: { readonly finetune: Recipe<H>; readonly lora?: Recipe<H> };
}

/** What a fine-tune starts from, and what comes out of it. */
export interface BaseModel {
  readonly file: ModelFile;
  readonly weights: NamedArrays;
  /** Tokens of the model that comes out: the base's, then those it learns. */
  readonly vocabulary: readonly string[];
  /** Id of the model that comes out. */
  readonly name: string;
  /** Of the person's text, for a description. */
  readonly source: string;
  /** What comes out is an adapter. */
  readonly adapter: boolean;
}

/** The values of a recipe, without the reasons. */
export function hyperOf<H>(recipe: Recipe<H>): H {
  const entries = Object.entries(recipe as Recipe<Record<string, unknown>>);
  return Object.fromEntries(entries.map(([name, { value }]) => [name, value])) as H;
}
