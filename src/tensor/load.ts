import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import util from 'node:util';
import type * as tfjs from '@tensorflow/tfjs';
import { AppError } from '../errors.ts';

/** The `tf` namespace, as in TensorFlow.js's own documentation. */
export type TensorFlow = Omit<typeof tfjs, 'default'>;

export interface LoadedTensorFlow {
  readonly tf: TensorFlow;
  /** `native` is libtensorflow through tfjs-node; `wasm` is the slower build that runs anywhere. */
  readonly backend: 'native' | 'wasm';
  /** Version of the library that computes, for example `2.21.0` (native) or `4.22.0` (WASM). */
  readonly version: string;
  /** For a person, when the backend is not the fast one: what is slower and what to do about it. */
  readonly notice?: string;
}

export interface LoadTensorFlowOptions {
  /** Skip native TensorFlow. Default: the environment variable `BABBLE_TENSORFLOW` is `wasm`. */
  readonly wasm?: boolean;
}

const require = createRequire(import.meta.url);
let loading: Promise<LoadedTensorFlow> | undefined;

/**
 * Loads TensorFlow into this process, once; later calls give the same. Takes about 0.3 s natively.
 * Prints nothing. TensorFlow must not be loaded in a worker thread: its addon crashes there.
 *
 * @throws AppError TENSORFLOW_UNAVAILABLE when neither native TensorFlow nor the WASM build loads.
 */
export function loadTensorFlow(options: LoadTensorFlowOptions = {}): Promise<LoadedTensorFlow> {
  loading ??= load(options.wasm ?? process.env['BABBLE_TENSORFLOW'] === 'wasm');
  return loading;
}

async function load(wasm: boolean): Promise<LoadedTensorFlow> {
  if (wasm) return loadWasm('WASM was asked for');
  if (!isInstalled()) return loadWasm('native TensorFlow is not set up');
  try {
    return await loadNative();
  } catch (error) {
    return loadWasm(
      `native TensorFlow does not load (${error instanceof Error ? error.message : String(error)})`,
    );
  }
}

async function loadNative(): Promise<LoadedTensorFlow> {
  restoreRemovedUtilities();
  // TensorFlow reads this when its library is loaded; 3 is "fatal only". A value set by hand is for debugging.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '3';
  const { default: tf } = await import('@tensorflow/tfjs-node');
  await tf.ready();
  const binding = (tf.backend() as unknown as { binding: { TF_Version: string } }).binding;
  return { tf, backend: 'native', version: binding.TF_Version };
}

async function loadWasm(reason: string): Promise<LoadedTensorFlow> {
  try {
    const { startWasm } = await import('./wasm.ts');
    const tf = await startWasm();
    const notice =
      `TensorFlow runs on WebAssembly because ${reason}: training is many times slower, and large models ` +
      'take longer to answer. Run `npm run setup` to prepare native TensorFlow.';
    return { tf, backend: 'wasm', version: tf.version_core, notice };
  } catch (cause) {
    throw new AppError('TENSORFLOW_UNAVAILABLE', `TensorFlow does not load: ${reason}, nor does WASM.`, {
      cause,
      hint: 'Run `npm ci`, then `npm run setup`, and read what it prints.',
    });
  }
}

/** tfjs-node 4.22 calls two functions that Node 23 removed from `util`. */
function restoreRemovedUtilities(): void {
  const legacy = util as unknown as Record<string, unknown>;
  legacy['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  legacy['isArray'] ??= Array.isArray;
}

/** True when set-up has placed a whole library: it writes this marker last (scripts/lib/tensorflow/place.mjs). */
function isInstalled(): boolean {
  const manifest = require.resolve('@tensorflow/tfjs-node/package.json');
  return existsSync(path.join(path.dirname(manifest), 'babble-native.json'));
}
