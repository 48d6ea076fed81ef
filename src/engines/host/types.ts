import type { AppError } from '../../errors.ts';
import type {
  EngineInfo,
  FitReport,
  GenerateRequest,
  InspectReport,
  InspectView,
  LoadProgress,
  LoadSettings,
  ModelRef,
  StreamPart,
} from '../engine.ts';

/** Where an engine's process stands. */
export type ClientState = 'unloaded' | 'loading' | 'ready' | 'generating' | 'closed';

/** What happens to an engine besides its answers; a front end tells the person. */
export type ClientEvent =
  | { readonly type: 'state'; readonly state: ClientState }
  | { readonly type: 'load-progress'; readonly progress: LoadProgress }
  | { readonly type: 'crashed'; readonly error: AppError }
  | { readonly type: 'restarted'; readonly afterMs: number }
  | { readonly type: 'idle-unloaded' };

export interface EngineClientOptions {
  /** Engine id as in the registry. */
  readonly engine: string;
  readonly model: ModelRef;
  readonly settings?: LoadSettings;
  /** Unload after this many idle milliseconds; 0 never. Default: `BABBLE_IDLE_MINUTES`, else 10 minutes. */
  readonly idleMs?: number;
  /**
   * The process is ended with ENGINE_OUT_OF_MEMORY above this many resident bytes. Default:
   * `BABBLE_ENGINE_MEMORY_MB`, else no limit.
   */
  readonly memoryLimitBytes?: number;
}

/**
 * One engine in a child process of its own. It is loaded on first use, unloaded when idle, and started
 * again after a crash. Front ends talk to engines only through this.
 */
export interface EngineClient extends AsyncDisposable {
  readonly engine: string;
  readonly model: ModelRef;
  readonly state: ClientState;
  /** Known once loaded; kept after an idle unload. */
  readonly info: EngineInfo | undefined;
  /** Loads now. Aborting rejects with the signal's reason and leaves the client `unloaded`. */
  load(signal?: AbortSignal): Promise<EngineInfo>;
  /** Loads when needed, then streams. A crash mid-answer throws AppError ENGINE_CRASHED after the text so far. */
  generate(request: GenerateRequest): AsyncIterable<StreamPart>;
  inspect(view: InspectView): Promise<InspectReport>;
  probe(): Promise<FitReport>;
  /** Returns the function that unsubscribes. */
  subscribe(listener: (event: ClientEvent) => void): () => void;
}
