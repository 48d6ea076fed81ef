import { AppError } from '../../errors.ts';
import type {
  EngineInfo,
  FitReport,
  GenerateRequest,
  InspectReport,
  InspectView,
  StreamPart,
} from '../engine.ts';
import { findEngine } from '../registry.ts';
import { CrashBudget } from './crash-budget.ts';
import { abortedParts, streamGeneration } from './generation.ts';
import { type HostLimits, hostLimits } from './limits.ts';
import { closedError, EngineProcess } from './process.ts';
import { Turnstile } from './queue.ts';
import type { ClientEvent, ClientState, EngineClient, EngineClientOptions } from './types.ts';

type Spawn = (onExit: (reason: AppError | undefined) => void) => EngineProcess;

/** A load under way and how many wait for it; it is given up when the last of them leaves. */
interface Loading {
  readonly info: Promise<EngineInfo>;
  readonly controller: AbortController;
  waiting: number;
}

/**
 * Opens an engine; nothing is started before it is used.
 * @param test test-only: `engineModule` is loaded in the child instead of the registry's engine, and
 *   `hangMs` is how long a process may be silent after a stop.
 * @throws AppError UNKNOWN_ENGINE; INVALID_SETTING when an environment variable of limits.ts is wrong.
 */
export function createEngineClient(
  options: EngineClientOptions,
  test: { readonly engineModule?: string; readonly hangMs?: number } = {},
): EngineClient {
  const limits = { ...hostLimits(), ...options };
  const secrets = test.engineModule ? undefined : findEngine(options.engine).secrets;
  return new ProcessEngineClient(
    limits,
    (onExit) =>
      new EngineProcess({
        engine: options.engine,
        ...(secrets ? { secrets } : {}),
        memoryLimitBytes: limits.memoryLimitBytes,
        engineModule: test.engineModule,
        ...(test.hangMs === undefined ? {} : { hangMs: test.hangMs }),
        onExit,
      }),
  );
}

class ProcessEngineClient implements EngineClient {
  readonly engine: string;
  readonly model: EngineClientOptions['model'];
  readonly #options: EngineClientOptions & HostLimits;
  readonly #spawn: Spawn;
  readonly #listeners = new Set<(event: ClientEvent) => void>();
  readonly #turns = new Turnstile();
  readonly #crashes = new CrashBudget();
  readonly #closing = new AbortController();
  #state: ClientState = 'unloaded';
  #info: EngineInfo | undefined;
  #host: EngineProcess | undefined;
  /** Resolves when the last process that was told to end has ended: two never hold a model at once. */
  #previousGone: Promise<unknown> = Promise.resolve();
  #loading: Loading | undefined;
  #lastCrash: AppError | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #busy = 0;

  constructor(options: EngineClientOptions & HostLimits, spawn: Spawn) {
    this.engine = options.engine;
    this.model = options.model;
    this.#options = options;
    this.#spawn = spawn;
  }

  get state(): ClientState {
    return this.#state;
  }

  get info(): EngineInfo | undefined {
    return this.#info;
  }

  subscribe(listener: (event: ClientEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async load(signal?: AbortSignal): Promise<EngineInfo> {
    return this.#work(() => this.#ready(signal));
  }

  async *generate(request: GenerateRequest): AsyncGenerator<StreamPart, void> {
    this.#assertOpen();
    this.#startWork();
    let leave = (): void => {};
    try {
      try {
        leave = await this.#turns.enter(request.signal);
        await this.#ready(request.signal);
      } catch (error) {
        if (!request.signal.aborted) throw error;
        yield* abortedParts(request);
        return;
      }
      const host = this.#host;
      if (!host) throw this.#lastCrash ?? closedError(this.engine);
      this.#setState('generating');
      // The turn is given up when the engine is free, which after a stop may be later than the end here.
      const drained = leave;
      leave = () => {};
      yield* streamGeneration(host, request, () => {
        if (this.#state === 'generating') this.#setState('ready');
        drained();
      });
    } finally {
      leave();
      this.#endWork();
    }
  }

  async inspect(view: InspectView): Promise<InspectReport> {
    return this.#work(async () => {
      const leave = await this.#turns.enter();
      try {
        await this.#ready();
        if (!this.#host) throw this.#lastCrash ?? closedError(this.engine);
        return await this.#host.inspect(view);
      } finally {
        leave();
      }
    });
  }

  async probe(): Promise<FitReport> {
    return this.#work(async () => (await this.#started()).probe(this.model));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state !== 'closed') {
      this.#closing.abort(closedError(this.engine));
      this.#turns.rejectAll(closedError(this.engine));
      clearTimeout(this.#idleTimer);
      this.#setState('closed');
      this.#endHost(this.#loading !== undefined);
    }
    await this.#previousGone;
  }

  #assertOpen(): void {
    if (this.#state === 'closed') throw closedError(this.engine);
  }

  /** Resolves when the model is loaded; loads it when nobody does so already. */
  async #ready(signal?: AbortSignal): Promise<EngineInfo> {
    this.#assertOpen();
    signal?.throwIfAborted();
    if (this.#info && (this.#state === 'ready' || this.#state === 'generating')) return this.#info;
    this.#loading ??= this.#beginLoad();
    const loading = this.#loading;
    loading.waiting += 1;
    try {
      return await raceAbort(loading.info, signal);
    } finally {
      loading.waiting -= 1;
      if (loading.waiting === 0 && this.#loading === loading) {
        this.#loadEnded();
        loading.controller.abort(signal?.reason);
      }
    }
  }

  #beginLoad(): Loading {
    const controller = new AbortController();
    this.#setState('loading');
    const info = this.#load(AbortSignal.any([controller.signal, this.#closing.signal])).then(
      (loaded) => {
        this.#info = loaded;
        this.#loading = undefined;
        this.#setState('ready');
        return loaded;
      },
      (error: unknown) => {
        if (this.#loading === loading) this.#loadEnded();
        throw error;
      },
    );
    info.catch(() => {}); // everyone who waits may have left
    const loading: Loading = { info, controller, waiting: 0 };
    return loading;
  }

  /** A load came to nothing: whatever was half loaded is given back at once. */
  #loadEnded(): void {
    this.#loading = undefined;
    this.#endHost(true);
    this.#setState('unloaded');
  }

  async #load(signal: AbortSignal): Promise<EngineInfo> {
    await pause(this.#crashes.delay(), signal);
    const host = await raceAbort(this.#started(), signal);
    return await raceAbort(
      host.load(this.model, this.#options.settings ?? {}, (progress) =>
        this.#emit({ type: 'load-progress', progress }),
      ),
      signal,
    );
  }

  /** The process, started when there is none. */
  async #started(): Promise<EngineProcess> {
    if (this.#crashes.isSpent()) {
      throw new AppError(
        'ENGINE_CRASHED',
        `The engine "${this.engine}" crashed ${this.#crashes.describe()} and is not started again for now. ${this.#lastCrash?.message ?? ''}`,
        { hint: 'Wait a minute, or choose another engine or model.', cause: this.#lastCrash },
      );
    }
    await this.#previousGone;
    this.#assertOpen();
    if (this.#host) return this.#host;
    const host = this.#spawn((reason) => {
      if (this.#host === host) this.#host = undefined;
      if (reason) this.#onCrash(reason);
    });
    this.#host = host;
    return host;
  }

  #onCrash(error: AppError): void {
    const wasLoaded = this.#state === 'ready' || this.#state === 'generating';
    this.#lastCrash = error;
    this.#crashes.record();
    if (wasLoaded) this.#setState('unloaded');
    this.#emit({ type: 'crashed', error });
    // Out of memory would only happen again; a crash while loading is told to whoever waits for the load.
    if (wasLoaded && error.code !== 'ENGINE_OUT_OF_MEMORY') void this.#restart();
  }

  async #restart(): Promise<void> {
    const started = performance.now();
    try {
      await this.#work(() => this.#ready());
      this.#emit({ type: 'restarted', afterMs: performance.now() - started });
    } catch {
      // Told as `crashed`, or again to whoever asks next.
    }
  }

  /** Ends the process, gently unless `now`. */
  #endHost(now = false): void {
    const host = this.#host;
    if (!host) return;
    this.#host = undefined;
    if (now) host.kill();
    this.#previousGone = now ? host.exited : host.shutdown();
  }

  async #work<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#assertOpen();
    this.#startWork();
    try {
      return await work();
    } finally {
      this.#endWork();
    }
  }

  #startWork(): void {
    this.#busy += 1;
    clearTimeout(this.#idleTimer);
  }

  #endWork(): void {
    this.#busy -= 1;
    const { idleMs } = this.#options;
    if (this.#busy > 0 || idleMs === 0 || this.#state === 'closed') return;
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => {
      if (!this.#host) return;
      this.#endHost();
      this.#setState('unloaded');
      this.#emit({ type: 'idle-unloaded' });
    }, idleMs).unref();
  }

  #setState(state: ClientState): void {
    if (this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    this.#emit({ type: 'state', state });
  }

  #emit(event: ClientEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}

/** @throws the signal's reason as soon as it is aborted. */
async function raceAbort<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (!signal) return promise;
  if (signal.aborted) {
    promise.catch(() => {}); // nobody waits for it any more
    throw signal.reason;
  }
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0) return signal.throwIfAborted();
  let timer: NodeJS.Timeout | undefined;
  try {
    await raceAbort(
      new Promise((resolve) => {
        timer = setTimeout(resolve, ms);
      }),
      signal,
    );
  } finally {
    clearTimeout(timer);
  }
}
