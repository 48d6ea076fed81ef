import type { LoadOptions } from '../../engine.ts';
import type { Adapter } from '../lora.ts';
import type { LlamaSettings } from '../settings.ts';
import { type Api, flashAttention, inBackground, loadMode, type Pointer, progressPointer } from './api.ts';
import type { Library } from './library.ts';

export interface ModelParameters {
  readonly contextLength: number;
  readonly vocabSize: number;
  readonly adapters?: readonly Adapter[];
}

/** @returns null when llama.cpp did not load it, or the signal aborted */
export async function loadModel(
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

/** @throws Error when llama.cpp does not create it, or not load an adapter */
export async function createContext(
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
