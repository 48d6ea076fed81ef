import { AppError } from '../../../errors.ts';
import type { LoadOptions } from '../../engine.ts';
import type { Adapter } from '../lora.ts';
import type { LlamaSettings } from '../settings.ts';
import {
  type Api,
  address,
  type Batch,
  flashAttention,
  inBackground,
  loadMode,
  type Pointer,
  progressPointer,
  view,
} from './api.ts';
import { type Library, openLibrary } from './library.ts';
import { createSampler, type SamplerOptions, type TokenSampler } from './sampler.ts';
import { ThreadPool } from './thread-pool.ts';
import { Vocabulary } from './vocabulary.ts';

/** The one sequence of tokens that a context holds. */
const sequence = 0;

/**
 * An evaluation that will take less than this is waited for in place: handing it to another thread and
 * back costs a part of a millisecond a token, and whatever wakes this thread meanwhile (a message, a timer)
 * takes the processor from one of llama.cpp's, for which all the others then wait by spinning. Longer ones
 * leave the event loop free.
 */
const inPlaceMs = 250;

export interface ModelParameters {
  readonly contextLength: number;
  readonly vocabSize: number;
  readonly adapters?: readonly Adapter[];
}

interface Native {
  readonly library: Library;
  readonly model: Pointer;
  readonly context: Pointer;
  /** Frees all of it, in order. */
  readonly owned: DisposableStack;
}

/** One model with one context, as plain operations. Not for two users at a time. */
export class NativeModel implements AsyncDisposable {
  readonly vocabulary: Vocabulary;
  readonly contextLength: number;
  readonly batchSize: number;
  readonly #native: Native;
  readonly #api: Api;
  readonly #vocabSize: number;
  readonly #memory: Pointer;
  readonly #batch: BatchMemory;
  /** Where llama.cpp writes how many tokens a state file names. */
  readonly #count = new ArrayBuffer(8);
  #running: Promise<unknown> = Promise.resolve();
  #closed = false;
  #logitsView: { readonly at: Pointer; readonly values: Float32Array } = {
    at: 0n,
    values: new Float32Array(),
  };
  #threads: number | undefined;
  /** How long the last token took that was evaluated alone. */
  #tokenMs = Number.POSITIVE_INFINITY;

  private constructor(native: Native, { contextLength, vocabSize }: ModelParameters) {
    const { api } = native.library;
    this.#native = native;
    this.#api = api;
    this.#vocabSize = vocabSize;
    this.#memory = api.memory(native.context);
    this.vocabulary = native.owned.use(new Vocabulary(api, native.model));
    // llama.cpp rounds up to 256, beyond what a small model was trained for.
    this.contextLength = Math.min(contextLength, api.contextLength(native.context));
    this.batchSize = api.batchSize(native.context);
    this.#batch = native.owned.use(new BatchMemory(api, this.batchSize));
  }

  /** @throws AppError ENGINE_LOAD_FAILED with llama.cpp's last words; the signal's reason */
  static async load(
    path: string,
    parameters: ModelParameters,
    settings: LlamaSettings,
    { signal, onProgress }: LoadOptions,
  ): Promise<NativeModel> {
    const library = await openLibrary();
    library.forgetComplaints();
    const { api } = library;
    using owned = new DisposableStack();
    try {
      const model = await loadModel(library, path, settings.mmap, { signal, onProgress });
      if (model === null) throw new Error('the model was not loaded');
      owned.adopt(model, api.freeModel);
      signal.throwIfAborted();
      const threadPool = owned.use(new ThreadPool(api, settings.threads));
      const context = await createContext(api, model, parameters, settings);
      owned.adopt(context, api.freeContext);
      threadPool.attachTo(context);
      return new NativeModel({ library, model, context, owned: owned.move() }, parameters);
    } catch (error) {
      signal.throwIfAborted();
      const said = (await library.complaints()) || (error as Error).message;
      throw new AppError('ENGINE_LOAD_FAILED', `llama.cpp cannot load ${path}: ${said}`, {
        cause: error,
        hint: '`babble models show` tells what is in the file and what it needs.',
      });
    }
  }

  get library(): Library {
    return this.#native.library;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    await this.settled();
    this.#closed = true;
    this.#native.owned.dispose();
  }

  /** When nothing runs in native code any more. */
  async settled(): Promise<void> {
    await this.#running.catch(() => {});
  }

  /**
   * Evaluates tokens (at most `batchSize`) at `position` of the context. `wanted` are the indexes of
   * those whose next-token logits will be asked for, until the next evaluation.
   */
  async decode(tokens: readonly number[], position: number, wanted: readonly number[]): Promise<void> {
    const context = this.#context;
    const batch = this.#batch.fill(tokens, position, wanted);
    const started = performance.now();
    const code =
      tokens.length * this.#tokenMs < inPlaceMs
        ? this.#api.decode(context, batch)
        : await this.#track(inBackground(this.#api.decode, context, batch));
    if (tokens.length === 1) this.#tokenMs = performance.now() - started;
    if (code === 0) return;
    const why = code === 1 ? 'there is no room in its KV cache' : `code ${code}`;
    throw new AppError('INTERNAL', `llama.cpp could not evaluate ${tokens.length} tokens: ${why}.`);
  }

  /** Forgets what the context holds from `position` on. False: the model cannot (recurrent state). */
  forget(position: number): boolean {
    this.#requireOpen();
    return this.#api.forget(this.#memory, sequence, position, -1);
  }

  /** Drops `count` tokens at `from` and moves the later ones (up to `end`) forward. */
  shift(from: number, count: number, end: number): boolean {
    this.#requireOpen();
    if (!this.#api.canShift(this.#memory)) return false;
    if (!this.#api.forget(this.#memory, sequence, from, from + count)) return false;
    this.#api.shift(this.#memory, sequence, from + count, end, -count);
    return true;
  }

  /** Writes the KV cache to a file, without saying which tokens it holds. */
  async saveState(file: string): Promise<void> {
    const { saveState } = this.#api;
    const written = await this.#track(inBackground(saveState, this.#context, file, sequence, null, 0));
    if (written === 0) throw new AppError('INTERNAL', `llama.cpp could not write its state to ${file}.`);
  }

  /** The KV cache becomes what `saveState` wrote. Native code believes the file: check it first. */
  async restoreState(file: string): Promise<void> {
    const { restoreState } = this.#api;
    // Somewhere for the tokens too: with none it would only count them.
    const nowhere = address(this.#count);
    const read = await this.#track(
      inBackground(restoreState, this.#context, file, sequence, nowhere, 0, nowhere),
    );
    if (read === 0) throw new AppError('INTERNAL', `llama.cpp could not read its state from ${file}.`);
  }

  setThreads(threads: number): void {
    if (threads === this.#threads) return;
    this.#threads = threads;
    this.#api.setThreads(this.#context, threads, threads);
  }

  /** The logits of the whole vocabulary after the batch position `index`, until the next evaluation. (V) */
  logits(index: number): Float32Array {
    const found = this.#api.logits(this.#context, index);
    if (found === null) throw new AppError('INTERNAL', `llama.cpp has no logits at ${index}.`);
    // They nearly always stay where they were, and a view takes longer than a draw.
    if (found !== this.#logitsView.at) {
      this.#logitsView = { at: found, values: new Float32Array(view(found, this.#vocabSize * 4)) };
    }
    return this.#logitsView.values;
  }

  /** @throws AppError INVALID_SETTING when llama.cpp cannot use the grammar */
  createSampler(options: Omit<SamplerOptions, 'vocabSize' | 'contextLength' | 'logits'>): TokenSampler {
    this.#requireOpen();
    return createSampler(this.#api, this.vocabulary, {
      ...options,
      contextLength: this.contextLength,
      vocabSize: this.#vocabSize,
      logits: (index) => this.logits(index),
    });
  }

  get #context(): Pointer {
    this.#requireOpen();
    return this.#native.context;
  }

  #requireOpen(): void {
    if (this.#closed) throw new AppError('ENGINE_CLOSED', 'The engine was closed.');
  }

  #track<T>(operation: Promise<T>): Promise<T> {
    this.#running = operation;
    return operation;
  }
}

/** A batch in native memory, for one sequence. */
class BatchMemory implements Disposable {
  readonly #api: Api;
  readonly #batch: Batch;
  readonly #tokens: Int32Array;
  readonly #positions: Int32Array;
  readonly #wanted: Int8Array;

  constructor(api: Api, size: number) {
    this.#api = api;
    this.#batch = api.createBatch(size, 0, 1);
    const { token, pos, logits, n_seq_id, seq_id } = this.#batch;
    this.#tokens = new Int32Array(view(token, 4 * size));
    this.#positions = new Int32Array(view(pos, 4 * size));
    this.#wanted = new Int8Array(view(logits, size));
    new Int32Array(view(n_seq_id, 4 * size)).fill(1);
    for (const list of new BigUint64Array(view(seq_id, 8 * size)))
      new Int32Array(view(list, 4))[0] = sequence;
  }

  fill(tokens: readonly number[], position: number, wanted: readonly number[]): Batch {
    this.#tokens.set(tokens);
    for (let i = 0; i < tokens.length; i++) this.#positions[i] = position + i;
    this.#wanted.fill(0, 0, tokens.length);
    for (const index of wanted) this.#wanted[index] = 1;
    this.#batch.n_tokens = tokens.length;
    return this.#batch;
  }

  [Symbol.dispose](): void {
    this.#api.freeBatch(this.#batch);
  }
}

async function loadModel(
  { api }: Library,
  path: string,
  map: boolean,
  { signal, onProgress }: Pick<LoadOptions, 'signal' | 'onProgress'>,
): Promise<Pointer | null> {
  using progress = progressPointer((fraction) => {
    onProgress({ fraction, message: 'Loading the model' });
    return !signal.aborted;
  });
  return await inBackground(api.loadModel, path, {
    ...api.modelDefaults(),
    n_gpu_layers: 0,
    load_mode: map ? loadMode.map : loadMode.read,
    lazy_mode: 0,
    progress_callback: progress.pointer,
  });
}

/** Numbers of ggml's types. */
const cacheTypes = { f32: 0, f16: 1, q4_0: 2, q4_1: 3, q5_0: 6, q5_1: 7, q8_0: 8 } as const;

async function createContext(
  api: Api,
  model: Pointer,
  { contextLength, adapters = [] }: ModelParameters,
  { batchSize, threads, kvType }: LlamaSettings,
): Promise<Pointer> {
  const batch = Math.min(batchSize, contextLength);
  const context = await inBackground(api.createContext, model, {
    ...api.contextDefaults(),
    ...{ n_ctx: contextLength, n_batch: batch, n_ubatch: batch, n_seq_max: 1 },
    ...{ n_threads: threads, n_threads_batch: threads },
    ...{ type_k: cacheTypes[kvType], type_v: cacheTypes[kvType] },
    flash_attn_type: flashAttentionFor(kvType),
    swa_full: false,
  });
  if (context === null) throw new Error('the context was not created');
  try {
    await addAdapters(api, model, context, adapters);
  } catch (error) {
    api.freeContext(context);
    throw error;
  }
  return context;
}

async function addAdapters(
  api: Api,
  model: Pointer,
  context: Pointer,
  adapters: readonly Adapter[],
): Promise<void> {
  if (adapters.length === 0) return;
  const loaded: Pointer[] = [];
  for (const { file } of adapters) {
    const adapter = await inBackground(api.loadAdapter, model, file.path);
    if (adapter === null) throw new Error(`the adapter ${file.path} was not loaded`);
    loaded.push(adapter); // freed with the model
  }
  const scales = Float32Array.from(adapters, ({ scale }) => scale);
  api.setAdapters(context, BigUint64Array.from(loaded), loaded.length, scales);
}

/** A quantized cache needs it; with a cache of 32-bit floats the person wants exactness before speed. */
function flashAttentionFor(kvType: LlamaSettings['kvType']): number {
  if (kvType === 'f32') return flashAttention.off;
  return kvType === 'f16' ? flashAttention.auto : flashAttention.on;
}
