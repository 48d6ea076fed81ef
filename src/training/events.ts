import type { RecipeName, Split } from './task.ts';

/** What a run tells while it goes on. Plain data: it crosses from the training process to the front end. */
export type TrainingEvent =
  | {
      readonly type: 'ready';
      readonly model: string;
      readonly recipe: RecipeName;
      readonly parameterCount: number;
      /** Steps already done, when this goes on with an earlier run. */
      readonly resumedAt: number;
    }
  /** For a person: a slower backend. */
  | { readonly type: 'notice'; readonly text: string }
  | ({ readonly type: 'progress' } & Progress)
  | {
      readonly type: 'eval';
      readonly step: number;
      readonly split: Split;
      readonly valLoss: number;
      readonly best: boolean;
    }
  | { readonly type: 'sample'; readonly step: number; readonly text: string }
  | { readonly type: 'checkpoint'; readonly step: number }
  /** The model as it is at this step is in the run's folder, to be talked to. */
  | { readonly type: 'snapshot'; readonly step: number }
  /** The training process was started again: memory had grown, or it crashed. The result is the same. */
  | { readonly type: 'restarted'; readonly step: number; readonly why: 'memory' | 'crash' };

export interface Progress {
  /** Steps done. */
  readonly step: number;
  /** Steps in all; absent under a budget of minutes. */
  readonly steps?: number;
  /** Part of the budget that is spent, in [0, 1]. */
  readonly progress: number;
  readonly epoch: number;
  /** Mean of the steps since the last event. */
  readonly trainLoss: number;
  readonly learningRate: number;
  readonly gradNorm?: number;
  readonly tokensPerSecond: number;
  /** Part of the machine's measured speed of matrix products that is used, when the engine knows its work. */
  readonly utilisation?: number;
  readonly secondsLeft: number;
  /** Resident bytes of the training process. */
  readonly rss: number;
}

/** How a run ended. */
export interface TrainingOutcome {
  /** `done`: the budget is spent; `early-stop`: no better loss for too long; `interrupted`: resumable. */
  readonly reason: 'done' | 'early-stop' | 'interrupted';
  readonly step: number;
  readonly best?: { readonly step: number; readonly loss: number };
  /** Losses of the best weights over whole splits, as written; absent when interrupted. */
  readonly losses?: Readonly<Record<string, number>>;
  /** Folder of the finished model; absent when interrupted. */
  readonly modelFolder?: string;
}
