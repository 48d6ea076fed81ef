/**
 * The one file that reaches into node-llama-cpp. Its public evaluation loop adds queues, locks and a turn
 * of the event loop to every token; this uses the bindings beneath it (decode a batch, sample a token),
 * which is what llama.cpp's own programs do. They are not part of the library's promise, so package.json
 * pins its version and engine.test.ts runs on them.
 */
import type { Llama, LlamaContext, LlamaContextSequence, LlamaModel } from 'node-llama-cpp';
import { AppError } from '../../errors.ts';
import type { LoadOptions } from '../engine.ts';
import type { Adapter } from './lora.ts';
import type { LlamaSampling, LlamaSettings } from './settings.ts';

type Tokens = Uint32Array;

/** What the addon's context offers of what is used here. */
interface Bindings {
  initBatch(size: number): void;
  addToBatch(sequence: number, position: number, tokens: Tokens, logitIndexes: Tokens): Tokens;
  decodeBatch(): Promise<void>;
  sampleToken(index: number, sampler: object): Promise<number>;
  sampleToken(
    index: number,
    sampler: object,
    probabilities: false,
    confidence: boolean,
    logits: boolean | readonly [readonly number[], boolean, boolean, boolean, number],
    totalLogitWeight: boolean,
  ): Promise<[number, undefined, number | undefined, number[] | undefined, number | undefined]>;
  removeTokenCellsFromSequence(sequence: number, start: number, end: number): boolean;
  shiftSequenceTokenCells(sequence: number, start: number, end: number, delta: number): void;
  setThreads(threads: number): void;
  saveSequenceStateToFile(file: string, sequence: number, tokens: Tokens): Promise<number>;
  loadSequenceStateFromFile(file: string, sequence: number, contextLength: number): Promise<Tokens>;
}

interface NativeSampler {
  applyConfig(config: object): void;
  dispose(): void;
}

interface Internals {
  readonly context: Bindings;
  readonly sequenceId: number;
  newSampler(): NativeSampler;
  newGrammarState(grammar: string): Promise<object>;
}

function internalsOf(model: LlamaModel, context: LlamaContext, sequence: LlamaContextSequence): Internals {
  const inner = context as unknown as { _ctx: Bindings };
  const { _sequenceId: sequenceId } = sequence as unknown as { _sequenceId: number };
  const { _model: addonModel } = model as unknown as { _model: object };
  const { _bindings: bindings } = model.llama as unknown as {
    _bindings: {
      AddonSampler: new (model: object) => NativeSampler;
      AddonGrammarEvaluationState: new (model: object, grammar: object) => object;
    };
  };
  return {
    context: inner._ctx,
    sequenceId,
    newSampler: () => new bindings.AddonSampler(addonModel),
    newGrammarState: async (source) => {
      const grammar = await model.llama.createGrammar({ grammar: source });
      const { _grammar: addonGrammar } = grammar as unknown as { _grammar: object };
      return new bindings.AddonGrammarEvaluationState(addonModel, addonGrammar);
    },
  };
}

export interface ModelParameters {
  readonly contextLength: number;
  readonly vocabSize: number;
  readonly adapters?: readonly Adapter[];
}

export interface TopLogits {
  /** Token ids and logits, likeliest first; the named ones at the end. */
  readonly top: readonly (readonly [tokenId: number, logit: number])[];
  /** Sum of exp(logit − the highest) over the whole vocabulary. */
  readonly totalWeight: number;
}

/** A sampler chain with its state: generator, penalties' memory, grammar. */
export interface TokenSampler extends Disposable {
  /** Draws the token after the batch position `index`. */
  sample(index: number): Promise<number>;
}

/** One model with one context, as plain operations. Not for two users at a time. */
export class NativeModel implements AsyncDisposable {
  readonly model: LlamaModel;
  readonly contextLength: number;
  readonly batchSize: number;
  readonly #context: LlamaContext;
  /** Held although only its id is used: the library clears the cache of a sequence that is collected. */
  readonly #sequence: LlamaContextSequence;
  readonly #internals: Internals;
  readonly #plain: NativeSampler;
  readonly #vocabSize: number;
  #running: Promise<unknown> = Promise.resolve();

  private constructor(model: LlamaModel, context: LlamaContext, vocabSize: number) {
    this.model = model;
    this.#vocabSize = vocabSize;
    this.contextLength = context.contextSize;
    this.batchSize = context.batchSize;
    this.#context = context;
    this.#sequence = context.getSequence();
    this.#internals = internalsOf(model, context, this.#sequence);
    this.#plain = this.#internals.newSampler();
    this.#plain.applyConfig({ temperature: 0 });
  }

  /** @throws AppError ENGINE_LOAD_FAILED with llama.cpp's last words; the signal's reason */
  static async load(
    path: string,
    { contextLength, vocabSize, adapters = [] }: ModelParameters,
    settings: LlamaSettings,
    { signal, onProgress }: LoadOptions,
  ): Promise<NativeModel> {
    complaints.length = 0;
    try {
      library ??= loadLibrary();
      const model = await (await library).loadModel({
        modelPath: path,
        gpuLayers: 0,
        useMmap: settings.mmap,
        ignoreMemorySafetyChecks: true, // fit.ts has looked, and knows of cgroups
        loadSignal: signal,
        onLoadProgress: (fraction) => onProgress({ fraction, message: 'Loading the model' }),
      });
      const context = await model.createContext({
        contextSize: contextLength,
        batchSize: Math.min(settings.batchSize, contextLength),
        threads: settings.threads,
        flashAttention: flashAttentionFor(settings.kvType),
        experimentalKvCacheKeyType: kvCacheType(settings.kvType),
        experimentalKvCacheValueType: kvCacheType(settings.kvType),
        ignoreMemorySafetyChecks: true,
        failedCreationRemedy: false,
        createSignal: signal,
        lora: { adapters: adapters.map(({ file, scale }) => ({ filePath: file.path, scale })) },
      });
      return new NativeModel(model, context, vocabSize);
    } catch (error) {
      signal.throwIfAborted();
      const said = complaints.slice(-3).join('; ');
      throw new AppError('ENGINE_LOAD_FAILED', `llama.cpp cannot load ${path}: ${said || String(error)}`, {
        cause: error,
        hint: '`babble models show` tells what is in the file and what it needs.',
      });
    }
  }

  /** Version of llama.cpp: the form of what `saveState` writes may change with it. */
  get version(): string {
    return this.model.llama.llamaCppRelease.release;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#plain.dispose();
    await this.#sequence.dispose();
    await this.#context.dispose();
    await this.model.dispose();
  }

  /** When nothing runs in native code any more. */
  async settled(): Promise<void> {
    await this.#running.catch(() => {});
  }

  /**
   * Whether native calls run in the order they were made: the host gives its process one thread for them.
   * Elsewhere each must be awaited before the next.
   */
  readonly runsInOrder = process.env['UV_THREADPOOL_SIZE'] === '1';

  #track<T>(operation: Promise<T>): Promise<T> {
    this.#running = operation;
    return operation;
  }

  /**
   * Evaluates tokens (at most `batchSize`) at `position` of the context. `wanted` are the indexes of
   * those whose next-token logits will be asked for; returns the batch index of each.
   * @param onQueued told the indexes at once; what it queues runs right behind (where `runsInOrder`)
   */
  async decode(
    tokens: readonly number[],
    position: number,
    wanted: readonly number[],
    onQueued: (indexes: Tokens) => void = () => {},
  ): Promise<Tokens> {
    const { context, sequenceId } = this.#internals;
    context.initBatch(tokens.length);
    const indexes = context.addToBatch(
      sequenceId,
      position,
      Uint32Array.from(tokens),
      Uint32Array.from(wanted),
    );
    const decoded = this.#track(context.decodeBatch());
    onQueued(indexes);
    await decoded;
    return indexes;
  }

  /** Forgets what the context holds from `position` on. False: the model cannot (recurrent state). */
  forget(position: number): boolean {
    return this.#internals.context.removeTokenCellsFromSequence(this.#internals.sequenceId, position, -1);
  }

  /** Drops `count` tokens at `from` and moves the later ones (up to `end`) forward. */
  shift(from: number, count: number, end: number): boolean {
    const { context, sequenceId } = this.#internals;
    if (!context.removeTokenCellsFromSequence(sequenceId, from, from + count)) return false;
    context.shiftSequenceTokenCells(sequenceId, from + count, end, -count);
    return true;
  }

  /** Writes the KV cache, which holds `tokens`, to a file. */
  async saveState(file: string, tokens: readonly number[]): Promise<void> {
    const { context, sequenceId } = this.#internals;
    await this.#track(context.saveSequenceStateToFile(file, sequenceId, Uint32Array.from(tokens)));
  }

  /** The KV cache becomes what `saveState` wrote. Native code believes the file: check it first. */
  async restoreState(file: string): Promise<void> {
    const { context, sequenceId } = this.#internals;
    await this.#track(context.loadSequenceStateFromFile(file, sequenceId, this.contextLength));
  }

  setThreads(threads: number): void {
    this.#internals.context.setThreads(threads);
  }

  /** The `count` likeliest next tokens before any sampling, then the named ones. */
  async topLogits(index: number, count: number, named: readonly number[] = []): Promise<TopLogits> {
    const { context } = this.#internals;
    const filter = [named, false, false, false, count] as const;
    const [, , , pairs = [], totalWeight = 1] = await this.#track(
      context.sampleToken(index, this.#plain, false, false, count >= this.#vocabSize ? true : filter, true),
    );
    const top = Array.from(
      { length: pairs.length / 2 },
      (_, i) => [pairs[2 * i]!, pairs[2 * i + 1]!] as const,
    );
    return { top, totalWeight };
  }

  /** The logits of the whole vocabulary. (V) */
  async logits(index: number): Promise<Float32Array> {
    const { top } = await this.topLogits(index, this.#vocabSize);
    const logits = new Float32Array(this.#vocabSize);
    for (const [tokenId, logit] of top) logits[tokenId] = logit;
    return logits;
  }

  /** @param recent tokens before the first that is drawn; the penalties look at them */
  async createSampler(
    sampling: LlamaSampling,
    seed: number,
    recent: readonly number[],
    grammar: string | undefined,
  ): Promise<TokenSampler> {
    const sampler = this.#internals.newSampler();
    const { repeatLastN } = sampling;
    const remembered = repeatLastN < 0 ? this.contextLength : repeatLastN;
    sampler.applyConfig({
      temperature: sampling.temperature,
      topK: sampling.topK,
      topP: sampling.topP,
      minP: sampling.minP,
      seed: seed >>> 0,
      repeatPenalty: sampling.repeatPenalty,
      repeatPenaltyFrequencyPenalty: sampling.frequencyPenalty,
      repeatPenaltyPresencePenalty: sampling.presencePenalty,
      repeatPenaltyMaxTokens: remembered,
      repeatPenaltyTokens: Uint32Array.from(remembered === 0 ? [] : recent.slice(-remembered)),
      ...(grammar === undefined
        ? {}
        : { grammarEvaluationState: await this.#internals.newGrammarState(grammar) }),
    });
    return {
      sample: (index) => this.#track(this.#internals.context.sampleToken(index, sampler)),
      [Symbol.dispose]: () => sampler.dispose(),
    };
  }
}

/** One for the process: each loading of it starts another process, which tries the binary out. */
let library: Promise<Llama> | undefined;
/** What llama.cpp said of the last load. */
const complaints: string[] = [];

async function loadLibrary(): Promise<Llama> {
  const { getLlama, LlamaLogLevel } = await import('node-llama-cpp');
  return await getLlama({
    gpu: false,
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    logLevel: LlamaLogLevel.error,
    logger: (_level, message) => complaints.push(message.trim()),
  });
}

/** A quantized cache needs it; with a cache of 32-bit floats the person wants exactness before speed. */
function flashAttentionFor(kvType: LlamaSettings['kvType']): boolean | 'auto' {
  if (kvType === 'f32') return false;
  return kvType === 'f16' ? 'auto' : true;
}

const kvCacheType = (name: LlamaSettings['kvType']) =>
  name.toUpperCase() as 'F32' | 'F16' | 'Q8_0' | 'Q5_1' | 'Q5_0' | 'Q4_1' | 'Q4_0';
