import type { DataId, KernelFunc, TensorInfo, TypedArray } from '@tensorflow/tfjs';
import type { TensorFlow } from './load.ts';

type Inputs = Parameters<KernelFunc>[0]['inputs'];

/** What both the CPU and the WASM backend of TensorFlow.js can do, as far as it is needed here. */
interface Storage {
  readSync(dataId: DataId): TypedArray;
  write(values: TypedArray, shape: readonly number[], dtype: string): DataId;
  disposeData(dataId: DataId): boolean;
}

/**
 * Starts TensorFlow.js on its WASM backend. Kernels that WASM lacks (among them those of some gradients) are
 * filled from the plain JavaScript backend, so that every model here can also be trained, slowly.
 */
export async function startWasm(): Promise<TensorFlow> {
  const { default: tf } = await import('@tensorflow/tfjs');
  await import('@tensorflow/tfjs-backend-wasm');
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => process.listeners(event as 'uncaughtException'));
  await tf.setBackend('wasm');
  await tf.ready();
  // the compiled code installs handlers that rethrow everything; errors of ours are none of its business
  events.forEach((event, i) => {
    for (const listener of process.listeners(event as 'uncaughtException')) {
      if (!before[i]!.includes(listener)) process.off(event, listener);
    }
  });
  fillMissingKernels(tf);
  return tf;
}

function fillMissingKernels(tf: TensorFlow): void {
  const wasm = tf.backend() as unknown as Storage;
  const cpu = tf.findBackend('cpu') as unknown as Storage & { firstUse: boolean };
  cpu.firstUse = false; // else it prints a banner
  for (const { kernelName, kernelFunc } of tf.getKernelsForBackend('cpu')) {
    if (tf.getKernel(kernelName, 'wasm')) continue;
    tf.registerKernel({
      kernelName,
      backendName: 'wasm',
      kernelFunc: ({ inputs, attrs }) => {
        const owned: TensorInfo[] = [];
        const take = (tensor: TensorInfo) => {
          const copy = move(tensor, wasm, cpu);
          owned.push(copy);
          return copy;
        };
        const result = kernelFunc({ inputs: mapInputs(inputs, take), attrs: attrs!, backend: cpu });
        const outputs = Array.isArray(result) ? result : [result];
        const moved = outputs.map((output) => move(output, cpu, wasm));
        for (const { dataId } of [...owned, ...outputs]) cpu.disposeData(dataId);
        return Array.isArray(result) ? moved : moved[0]!;
      },
    });
  }
}

function move({ dataId, shape, dtype }: TensorInfo, from: Storage, to: Storage): TensorInfo {
  // a copy: what is read may be a view of memory that the next operation reuses
  return { dataId: to.write(from.readSync(dataId).slice(), shape, dtype), shape, dtype };
}

function mapInputs(inputs: Inputs, take: (tensor: TensorInfo) => TensorInfo): Inputs {
  const mapped = Object.entries(inputs).map(([name, value]) => {
    const tensors = value as unknown as TensorInfo | TensorInfo[] | undefined;
    if (tensors === undefined || tensors === null) return [name, tensors];
    return [name, Array.isArray(tensors) ? tensors.map(take) : take(tensors)];
  });
  return Object.fromEntries(mapped) as Inputs;
}
