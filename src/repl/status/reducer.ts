import type { EngineInfo, Usage } from '../../engines/engine.ts';
import type { ClientEvent } from '../../engines/host/types.ts';

/** What the status line knows. */
export interface Status {
  readonly engineId: string;
  readonly modelId: string;
  /** Known once the engine is loaded. */
  readonly info: EngineInfo | undefined;
  readonly activity:
    | { readonly type: 'idle' }
    | { readonly type: 'loading'; readonly message: string; readonly fraction?: number }
    | { readonly type: 'generating' };
  readonly tokensPerSecond: number | undefined;
  /** Tokens of prompt and answer in the last turn. */
  readonly contextUsed: number | undefined;
  /** What a key would do now; stands in place of the figures. */
  readonly hint: string | undefined;
  /** Messages that wait for the answer under way. */
  readonly queued: readonly string[];
  /** What is trained meanwhile, in a few words. */
  readonly training: string | undefined;
}

export type StatusAction =
  | {
      readonly type: 'session';
      readonly engineId: string;
      readonly modelId: string;
      readonly info: EngineInfo | undefined;
    }
  | { readonly type: 'loaded'; readonly info: EngineInfo }
  | { readonly type: 'load-failed' }
  | { readonly type: 'engine-event'; readonly event: ClientEvent }
  | { readonly type: 'generating' }
  | { readonly type: 'progress'; readonly tokens: number; readonly ms: number }
  | { readonly type: 'finish'; readonly usage: Usage | undefined }
  | { readonly type: 'idle' }
  | { readonly type: 'hint'; readonly hint: string | undefined }
  | { readonly type: 'queue'; readonly queued: readonly string[] }
  | { readonly type: 'training'; readonly text: string | undefined };

export function initialStatus(engineId: string, modelId = engineId): Status {
  return {
    engineId,
    modelId,
    info: undefined,
    activity: { type: 'idle' },
    tokensPerSecond: undefined,
    contextUsed: undefined,
    hint: undefined,
    queued: [],
    training: undefined,
  };
}

export function statusReducer(status: Status, action: StatusAction): Status {
  switch (action.type) {
    case 'session':
      // The figures stay as long as they are this engine's.
      if (status.engineId === action.engineId && status.modelId === action.modelId)
        return { ...status, info: action.info ?? status.info };
      return {
        ...initialStatus(action.engineId, action.modelId),
        info: action.info,
        queued: status.queued,
        training: status.training,
      };
    case 'loaded':
      return { ...status, info: action.info, activity: settle(status) };
    case 'load-failed':
      return { ...status, activity: settle(status) };
    case 'engine-event':
      return afterEvent(status, action.event);
    case 'generating':
      return { ...status, activity: { type: 'generating' }, hint: undefined };
    case 'progress':
      return { ...status, tokensPerSecond: action.ms > 0 ? (action.tokens * 1000) / action.ms : 0 };
    case 'finish':
      return action.usage ? { ...status, ...figures(status, action.usage) } : status;
    case 'idle':
      return { ...status, activity: { type: 'idle' } };
    case 'hint':
      return status.hint === action.hint ? status : { ...status, hint: action.hint };
    case 'queue':
      return { ...status, queued: action.queued };
    case 'training':
      return status.training === action.text ? status : { ...status, training: action.text };
    default:
      return action satisfies never;
  }
}

/** Loading has ended; a generation that waited for it goes on. */
function settle(status: Status): Status['activity'] {
  return status.activity.type === 'loading' ? { type: 'idle' } : status.activity;
}

function afterEvent(status: Status, event: ClientEvent): Status {
  switch (event.type) {
    case 'load-progress': {
      const { message, fraction } = event.progress;
      return {
        ...status,
        activity: { type: 'loading', message, ...(fraction === undefined ? {} : { fraction }) },
      };
    }
    case 'state':
      if (event.state === 'loading') return { ...status, activity: { type: 'loading', message: 'loading' } };
      if (event.state === 'generating') return { ...status, activity: { type: 'generating' } };
      return { ...status, activity: settle(status) };
    case 'crashed':
    case 'restarted':
    case 'idle-unloaded':
      return status;
    default:
      return event satisfies never;
  }
}

function figures(status: Status, usage: Usage): Pick<Status, 'tokensPerSecond' | 'contextUsed'> {
  return {
    // One token alone has no speed, nor have tokens chosen by hand.
    tokensPerSecond: usage.tokensPerSecond > 0 ? usage.tokensPerSecond : status.tokensPerSecond,
    // An answer chosen by hand is read anew for every token: nobody counts its prompt.
    contextUsed: usage.promptTokens > 0 ? usage.promptTokens + usage.generatedTokens : status.contextUsed,
  };
}
