/** What training asks of a transformer over characters, and the hyper-parameters that all of them share. */
import type { ParameterShapes, Parameters, Weights } from '../../tensor/ops/parameters.ts';
import type { Handle } from '../../tensor/ops/runtime.ts';
import type { Node, Tape } from '../../tensor/ops/tape.ts';
import type { Pass } from '../../tensor/ops/transformer.ts';
import type { HyperParameters } from '../task.ts';

/** A transformer for a given vocabulary. */
export interface CharacterNetwork {
  readonly shapes: ParameterShapes;
  readonly contextLength: number;
  /** Tokens (B, T) int32 → logits (B·T, V). */
  forward(tape: Tape, parameters: Parameters, tokens: Handle, pass?: Pass): Node;
  /** Weights to start from. `zeroProjections`: matrices that write to the residual stream start as 0. */
  initial(seed: number, zeroProjections: boolean): Weights;
  /** Whether Muon may train the parameter: a matrix inside the network. */
  isHidden(name: string): boolean;
  /** nLayer × nEmbd: what attention's own products grow with. Absent: they are left out of the work. */
  readonly attentionWidth?: number;
  /** Matrices that a parameter stands for, one below the other (3 for fused q, k, v). */
  matricesIn(name: string): number;
}

export type MakeNetwork = (vocabSize: number) => CharacterNetwork;

export interface CharacterHyper extends HyperParameters {
  /** Windows of contextLength a step. */
  readonly batchSize: number;
  /** Windows at once; the others of a step follow and their gradients add up. Divides batchSize. */
  readonly microBatchSize: number;
  readonly learningRate: number;
  /** Learning rate of the matrices inside the network under Muon; 0 trains them with AdamW as well. */
  readonly muonLearningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  /** AdamW's; matrices only. */
  readonly weightDecay: number;
  readonly muonWeightDecay: number;
  readonly residualDropout: number;
  readonly attentionDropout: number;
  /** Parts of the run in which the rate rises and falls to 0, linearly. */
  readonly warmup: number;
  readonly decay: number;
  /** 0: no average is kept. */
  readonly emaDecay: number;
  readonly zeroProjections: boolean;
  /** Every window once an epoch, shifted anew each epoch; false draws windows independently. */
  readonly epochs: boolean;
  /** Dtype of matrix products: 'float32', 'bfloat16', or 'auto' (bfloat16 where the processor has it). */
  readonly precision: string;
}
