/**
 * llama.cpp's C interface (llama.h, ggml.h), as far as it is used here, of the one release whose binaries
 * node-llama-cpp's pinned version brings. Called directly because the library's own bindings hand every
 * token to another thread and start their compute threads anew for it
 * (docs/decisions/2026-11-25-llama-c-interface.md).
 */
import { promisify } from 'node:util';
import koffi, { type KoffiFunc, type LibraryHandle, type TypeObject } from 'koffi';

/** The release that the structures below are of. api.test.ts compares their defaults with llama.h's. */
export const apiRelease = 'v0.5.0';

/** An address in native memory. */
export type Pointer = bigint;

// Native code runs on stacks of koffi's; regular expressions over long texts go deep.
koffi.config({ ...koffi.config(), sync_stack_size: 16 << 20, async_stack_size: 8 << 20 });

const modelParameters = koffi.struct({
  devices: 'void *',
  tensor_buft_overrides: 'void *',
  n_gpu_layers: 'int32_t',
  split_mode: 'int',
  load_mode: 'int',
  lazy_mode: 'int',
  main_gpu: 'int32_t',
  tensor_split: 'void *',
  progress_callback: 'void *',
  progress_callback_user_data: 'void *',
  kv_overrides: 'void *',
  vocab_only: 'bool',
  check_tensors: 'bool',
  use_extra_bufts: 'bool',
  no_host: 'bool',
  no_alloc: 'bool',
  load_mtp: 'bool',
});

const contextParameters = koffi.struct({
  n_ctx: 'uint32_t',
  n_batch: 'uint32_t',
  n_ubatch: 'uint32_t',
  n_seq_max: 'uint32_t',
  n_rs_seq: 'uint32_t',
  n_outputs_max: 'uint32_t',
  n_outputs_max_per_seq: 'uint32_t',
  n_threads: 'int32_t',
  n_threads_batch: 'int32_t',
  ctx_type: 'int',
  rope_scaling_type: 'int',
  pooling_type: 'int',
  attention_type: 'int',
  flash_attn_type: 'int',
  rope_freq_base: 'float',
  rope_freq_scale: 'float',
  yarn_ext_factor: 'float',
  yarn_attn_factor: 'float',
  yarn_beta_fast: 'float',
  yarn_beta_slow: 'float',
  yarn_orig_ctx: 'uint32_t',
  defrag_thold: 'float',
  cb_eval: 'void *',
  cb_eval_user_data: 'void *',
  type_k: 'int',
  type_v: 'int',
  abort_callback: 'void *',
  abort_callback_data: 'void *',
  embeddings: 'bool',
  offload_kqv: 'bool',
  no_perf: 'bool',
  op_offload: 'bool',
  swa_full: 'bool',
  kv_unified: 'bool',
  samplers: 'void *',
  n_samplers: 'size_t',
  ctx_other: 'void *',
});

const batch = koffi.struct({
  n_tokens: 'int32_t',
  token: 'void *',
  embd: 'void *',
  pos: 'void *',
  n_seq_id: 'void *',
  seq_id: 'void *',
  logits: 'void *',
});

const threadPoolParameters = koffi.struct({
  cpumask: koffi.array('uint8_t', 512),
  n_threads: 'int',
  prio: 'int',
  poll: 'uint32_t',
  strict_cpu: 'bool',
  paused: 'bool',
});

const chainParameters = koffi.struct({ no_perf: 'bool' });
const progressCallback = koffi.proto('bool', ['float', 'void *']);
const threadPoolNew = koffi.proto('void *', [koffi.pointer(threadPoolParameters)]);
const threadPoolFree = koffi.proto('void', ['void *']);

type Parameters = Readonly<Record<string, number | boolean | Pointer | null>>;

/** Arrays of one entry a token, in native memory. */
export interface Batch {
  n_tokens: number;
  readonly token: Pointer;
  readonly pos: Pointer;
  readonly n_seq_id: Pointer;
  readonly seq_id: Pointer;
  readonly logits: Pointer;
}

export interface ThreadPoolParameters {
  readonly n_threads: number;
  readonly poll: number;
}

export interface LibraryFiles {
  readonly llama: string;
  readonly ggml: string;
  readonly ggmlBase: string;
}

/** What `load_mode` and `flash_attn_type` may be. */
export const loadMode = { read: 0, map: 1 } as const;
export const flashAttention = { auto: -1, off: 0, on: 1 } as const;

const cpuDevice = 0;

/** Declares the functions of libraries that are loaded already. */
export function declareApi(files: LibraryFiles) {
  const llama = koffi.load(files.llama);
  const base = koffi.load(files.ggmlBase);
  const of =
    (library: LibraryHandle) =>
    <F extends (...args: never[]) => unknown>(name: string, result: Spec, args: readonly Spec[]) =>
      library.func(name, result, [...args]) as unknown as KoffiFunc<F>;
  const fn = of(llama);

  const device = of(koffi.load(files.ggml))<(type: number) => Pointer>('ggml_backend_dev_by_type', pointer, [
    'int',
  ])(cpuDevice);
  const registry = of(base)<(device: Pointer) => Pointer>('ggml_backend_dev_backend_reg', pointer, [pointer])(
    device,
  );
  const inBackend = of(base)<(registry: Pointer, name: string) => Pointer>(
    'ggml_backend_reg_get_proc_address',
    pointer,
    [pointer, 'str'],
  );

  return {
    modelDefaults: fn<() => Parameters>('llama_model_default_params', modelParameters, []),
    contextDefaults: fn<() => Parameters>('llama_context_default_params', contextParameters, []),
    loadModel: fn<(file: string, parameters: Parameters) => Pointer | null>(
      'llama_model_load_from_file',
      pointer,
      ['str', modelParameters],
    ),
    freeModel: fn<(model: Pointer) => void>('llama_model_free', 'void', [pointer]),
    createContext: fn<(model: Pointer, parameters: Parameters) => Pointer | null>(
      'llama_init_from_model',
      pointer,
      [pointer, contextParameters],
    ),
    freeContext: fn<(context: Pointer) => void>('llama_free', 'void', [pointer]),
    contextLength: fn<(context: Pointer) => number>('llama_n_ctx', 'uint32_t', [pointer]),
    batchSize: fn<(context: Pointer) => number>('llama_n_batch', 'uint32_t', [pointer]),
    memory: fn<(context: Pointer) => Pointer>('llama_get_memory', pointer, [pointer]),

    createBatch: fn<(tokens: number, embedding: number, sequences: number) => Batch>(
      'llama_batch_init',
      batch,
      ['int32_t', 'int32_t', 'int32_t'],
    ),
    freeBatch: fn<(batch: Batch) => void>('llama_batch_free', 'void', [batch]),
    /** 0: done. 1: no room in the KV cache. Else an error. */
    decode: fn<(context: Pointer, batch: Batch) => number>('llama_decode', 'int32_t', [pointer, batch]),
    logits: fn<(context: Pointer, index: number) => Pointer | null>('llama_get_logits_ith', pointer, [
      pointer,
      'int32_t',
    ]),
    setThreads: fn<(context: Pointer, single: number, batch: number) => void>('llama_set_n_threads', 'void', [
      pointer,
      'int32_t',
      'int32_t',
    ]),

    forget: fn<(memory: Pointer, sequence: number, start: number, end: number) => boolean>(
      'llama_memory_seq_rm',
      'bool',
      [pointer, 'int32_t', 'int32_t', 'int32_t'],
    ),
    canShift: fn<(memory: Pointer) => boolean>('llama_memory_can_shift', 'bool', [pointer]),
    shift: fn<(memory: Pointer, sequence: number, start: number, end: number, delta: number) => void>(
      'llama_memory_seq_add',
      'void',
      [pointer, 'int32_t', 'int32_t', 'int32_t', 'int32_t'],
    ),
    saveState: fn<
      (context: Pointer, file: string, sequence: number, tokens: Pointer | null, count: number) => number
    >('llama_state_seq_save_file', 'size_t', [pointer, 'str', 'int32_t', pointer, 'size_t']),
    restoreState: fn<
      (
        context: Pointer,
        file: string,
        sequence: number,
        tokens: Pointer,
        capacity: number,
        count: Pointer,
      ) => number
    >('llama_state_seq_load_file', 'size_t', [pointer, 'str', 'int32_t', pointer, 'size_t', pointer]),

    loadAdapter: fn<(model: Pointer, file: string) => Pointer | null>('llama_adapter_lora_init', pointer, [
      pointer,
      'str',
    ]),
    setAdapters: fn<
      (context: Pointer, adapters: BigUint64Array, count: number, scales: Float32Array) => number
    >('llama_set_adapters_lora', 'int32_t', [pointer, 'void *', 'size_t', pointer]),

    vocabulary: fn<(model: Pointer) => Pointer>('llama_model_get_vocab', pointer, [pointer]),
    tokenize: fn<
      (
        vocabulary: Pointer,
        text: Uint8Array,
        bytes: number,
        tokens: Int32Array,
        capacity: number,
        addSpecial: boolean,
        parseSpecial: boolean,
      ) => number
    >('llama_tokenize', 'int32_t', [
      ...[pointer, pointer, 'int32_t', pointer, 'int32_t'],
      ...['bool', 'bool'],
    ]),
    detokenize: fn<
      (
        vocabulary: Pointer,
        tokens: Int32Array,
        count: number,
        text: Uint8Array,
        capacity: number,
        removeSpecial: boolean,
        unparseSpecial: boolean,
      ) => number
    >('llama_detokenize', 'int32_t', [
      ...[pointer, pointer, 'int32_t', pointer, 'int32_t'],
      ...['bool', 'bool'],
    ]),
    tokenText: fn<(vocabulary: Pointer, token: number) => string | null>('llama_vocab_get_text', 'str', [
      pointer,
      'int32_t',
    ]),
    isEnd: fn<(vocabulary: Pointer, token: number) => boolean>('llama_vocab_is_eog', 'bool', [
      pointer,
      'int32_t',
    ]),
    startToken: fn<(vocabulary: Pointer) => number>('llama_vocab_bos', 'int32_t', [pointer]),
    endToken: fn<(vocabulary: Pointer) => number>('llama_vocab_eos', 'int32_t', [pointer]),
    addsStart: fn<(vocabulary: Pointer) => boolean>('llama_vocab_get_add_bos', 'bool', [pointer]),

    createChain: fn<(parameters: { no_perf: boolean }) => Pointer>('llama_sampler_chain_init', pointer, [
      chainParameters,
    ]),
    addSampler: fn<(chain: Pointer, sampler: Pointer) => void>('llama_sampler_chain_add', 'void', [
      pointer,
      pointer,
    ]),
    acceptToken: fn<(sampler: Pointer, token: number) => void>('llama_sampler_accept', 'void', [
      pointer,
      'int32_t',
    ]),
    applySampler: fn<(sampler: Pointer, candidates: Pointer) => void>('llama_sampler_apply', 'void', [
      pointer,
      pointer,
    ]),
    freeSampler: fn<(sampler: Pointer) => void>('llama_sampler_free', 'void', [pointer]),
    greedy: fn<() => Pointer>('llama_sampler_init_greedy', pointer, []),
    distribution: fn<(seed: number) => Pointer>('llama_sampler_init_dist', pointer, ['uint32_t']),
    topK: fn<(k: number) => Pointer>('llama_sampler_init_top_k', pointer, ['int32_t']),
    topP: fn<(p: number, least: number) => Pointer>('llama_sampler_init_top_p', pointer, ['float', 'size_t']),
    minP: fn<(p: number, least: number) => Pointer>('llama_sampler_init_min_p', pointer, ['float', 'size_t']),
    typicalP: fn<(p: number, least: number) => Pointer>('llama_sampler_init_typical', pointer, [
      'float',
      'size_t',
    ]),
    mirostat: fn<(vocabSize: number, seed: number, tau: number, eta: number, window: number) => Pointer>(
      'llama_sampler_init_mirostat',
      pointer,
      ['int32_t', 'uint32_t', 'float', 'float', 'int32_t'],
    ),
    mirostat2: fn<(seed: number, tau: number, eta: number) => Pointer>(
      'llama_sampler_init_mirostat_v2',
      pointer,
      ['uint32_t', 'float', 'float'],
    ),
    temperature: fn<(temperature: number) => Pointer>('llama_sampler_init_temp', pointer, ['float']),
    penalties: fn<
      (vocabSize: number, lastN: number, repeat: number, frequency: number, presence: number) => Pointer
    >('llama_sampler_init_penalties', pointer, ['int32_t', 'int32_t', 'float', 'float', 'float']),
    grammar: fn<(vocabulary: Pointer, grammar: string, root: string) => Pointer | null>(
      'llama_sampler_init_grammar',
      pointer,
      [pointer, 'str', 'str'],
    ),

    threadPoolDefaults: of(base)<(threads: number) => ThreadPoolParameters>(
      'ggml_threadpool_params_default',
      threadPoolParameters,
      ['int'],
    ),
    createThreadPool: koffi.decode(inBackend(registry, 'ggml_threadpool_new'), threadPoolNew) as (
      parameters: ThreadPoolParameters,
    ) => Pointer | null,
    freeThreadPool: koffi.decode(inBackend(registry, 'ggml_threadpool_free'), threadPoolFree) as (
      pool: Pointer,
    ) => void,
    attachThreadPool: fn<(context: Pointer, single: Pointer, batch: Pointer | null) => void>(
      'llama_attach_threadpool',
      'void',
      [pointer, pointer, pointer],
    ),
  };
}

export type Api = ReturnType<typeof declareApi>;

type Spec = string | TypeObject;
const pointer = 'void *';

/** Calls a function in the process's thread for native work, while this one goes on. */
export function inBackground<Args extends unknown[], Result>(
  f: KoffiFunc<(...args: Args) => Result>,
  ...args: Args
): Promise<Result> {
  const call = promisify(f.async as unknown as (...all: unknown[]) => void) as (...all: Args) => unknown;
  return call(...args) as Promise<Result>;
}

/** A view of native memory; it must not be used once that is freed. */
export function view(address: Pointer, bytes: number): ArrayBuffer {
  return koffi.view(address, bytes);
}

/** Where an array buffer's memory is. It stays there, but only as long as the buffer is held. */
export function address(buffer: ArrayBuffer): Pointer {
  return koffi.address(buffer);
}

/** Makes `onProgress` callable from native code until it is disposed; false from it stops a load. */
export function progressPointer(
  onProgress: (fraction: number) => boolean,
): Disposable & { readonly pointer: Pointer } {
  const registered = koffi.register(
    (fraction: number) => onProgress(fraction),
    koffi.pointer(progressCallback),
  );
  return { pointer: registered, [Symbol.dispose]: () => koffi.unregister(registered) };
}
