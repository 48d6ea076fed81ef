import { AppError } from '../../../errors.ts';
import type { LoadOptions } from '../../engine.ts';
import type { LlamaSettings } from '../settings.ts';
import { type Api, address, inBackground, type Pointer, view } from './api.ts';
import { BatchMemory, sequence } from './batch.ts';
import { type Library, openLibrary } from './library.ts';
import { createContext, loadModel, type ModelParameters } from './open.ts';
import { createSampler, type SamplerOptions, type TokenSampler } from './sampler.ts';
import { ThreadPool } from './thread-pool.ts';
import { Vocabulary } from './vocabulary.ts';

/**
 * An evaluation that will take less than this is waited for in place: handing it to another thread and
 * back costs a part of a millisecond a token, and whatever wakes this thread meanwhile (a message, a timer)
 * takes the processor from one of llama.cpp's, for which all the others then wait by spinning. Longer ones
 * leave the event loop free.
 */
const inPlaceMs = 250;

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

  /** Takes over what `native` owns, unless it throws. */
  private constructor(native: Native, { contextLength, vocabSize }: ModelParameters) {
    const { api } = native.library;
    this.#api = api;
    this.#vocabSize = vocabSize;
    this.#memory = api.memory(native.context);
    this.vocabulary = native.owned.use(new Vocabulary(api, native.model));
    // llama.cpp rounds up to 256, beyond what a small model was trained for.
    this.contextLength = Math.min(contextLength, api.contextLength(native.context));
    this.batchSize = api.batchSize(native.context);
    this.#batch = native.owned.use(new BatchMemory(api, this.batchSize));
    this.#native = { ...native, owned: native.owned.move() };
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
      return new NativeModel({ library, model, context, owned }, parameters);
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
   * @returns nothing to wait for if it was done in place
   * @throws AppError ENGINE_CLOSED; INTERNAL when llama.cpp could not do it
   */
  decode(tokens: readonly number[], position: number, wanted: readonly number[]): Promise<void> | undefined {
    const context = this.#context;
    const batch = this.#batch.fill(tokens, position, wanted);
    const started = performance.now();
    const end = (code: number) => {
      if (tokens.length === 1) this.#tokenMs = performance.now() - started;
      if (code === 0) return;
      const why = code === 1 ? 'there is no room in its KV cache' : `code ${code}`;
      throw new AppError('INTERNAL', `llama.cpp could not evaluate ${tokens.length} tokens: ${why}.`);
    };
    if (tokens.length * this.#tokenMs >= inPlaceMs) {
      return this.#track(inBackground(this.#api.decode, context, batch)).then(end);
    }
    end(this.#api.decode(context, batch));
    return undefined;
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
    const context = this.#context;
    if (threads === this.#threads) return;
    this.#threads = threads;
    this.#api.setThreads(context, threads, threads);
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
