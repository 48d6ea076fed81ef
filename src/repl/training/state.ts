import type { Progress, TrainingEvent } from '../../training/client.ts';

/** What is known of the training that goes on behind the conversation, or that went on last. */
export interface TrainingState {
  /** Of the run: what `/engine` and `/train resume` take. */
  readonly id: string;
  /** Id of the model that comes out. */
  readonly model: string;
  readonly activity: 'starting' | 'training' | 'stopping' | 'stopped' | 'finished' | 'failed';
  readonly progress: Progress | undefined;
  /** Losses by step. */
  readonly train: readonly (readonly [number, number])[];
  readonly val: readonly (readonly [number, number])[];
}

export type TrainingAction =
  | { readonly type: 'begin'; readonly id: string; readonly model: string }
  | { readonly type: 'event'; readonly event: TrainingEvent }
  | { readonly type: 'stop' }
  /** `step`: how far it came, where that is known. */
  | { readonly type: 'end'; readonly how: 'stopped' | 'finished' | 'failed'; readonly step?: number };

/** More points than a chart can show. */
const mostPoints = 1000;

export function trainingReducer(
  state: TrainingState | undefined,
  action: TrainingAction,
): TrainingState | undefined {
  if (action.type === 'begin') {
    const { id, model } = action;
    return { id, model, activity: 'starting', progress: undefined, train: [], val: [] };
  }
  if (!state) return undefined;
  switch (action.type) {
    case 'event':
      return afterEvent(state, action.event);
    case 'stop':
      return isUnderWay(state) ? { ...state, activity: 'stopping' } : state;
    case 'end':
      return { ...state, activity: action.how, progress: atStep(state.progress, action.step) };
    default:
      return action satisfies never;
  }
}

/** Whether a process trains. */
export function isUnderWay(state: TrainingState | undefined): state is TrainingState {
  return state !== undefined && ['starting', 'training', 'stopping'].includes(state.activity);
}

/** The last progress told is some steps old. */
function atStep(progress: Progress | undefined, step: number | undefined): Progress | undefined {
  return progress && step !== undefined ? { ...progress, step } : progress;
}

function afterEvent(state: TrainingState, event: TrainingEvent): TrainingState {
  const activity = state.activity === 'starting' ? 'training' : state.activity;
  if (event.type === 'progress') {
    const all = [...state.train, [event.step, event.trainLoss] as const];
    // Every other point goes when there are too many.
    const train = all.length > mostPoints ? all.filter((_, index) => index % 2 === 0) : all;
    return { ...state, activity, progress: event, train };
  }
  if (event.type === 'eval') {
    return { ...state, activity, val: [...state.val, [event.step, event.valLoss] as const] };
  }
  return event.type === 'ready' ? { ...state, activity } : state;
}
