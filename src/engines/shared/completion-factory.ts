import { AppError } from '../../errors.ts';
import { loadWeights, type ModelFile, readModelFile, weightBytes } from '../../formats/model-file.ts';
import { loadFloats, type StoredTensor } from '../../formats/safetensors.ts';
import type { Capability, EngineFactory, EngineInfo } from '../engine.ts';
import { CompletionEngine, type CompletionModel } from './completion-engine.ts';

export interface CompletionFactory {
  /** Engine id as in the registry. */
  readonly id: string;
  readonly capabilities?: readonly Capability[];
  /** @throws AppError FILE_INVALID when the weights do not fit the architecture. */
  build(
    file: ModelFile,
    weights: ReadonlyMap<string, StoredTensor>,
  ): CompletionModel | Promise<CompletionModel>;
}

/** The factory of an engine whose models are folders with model.json and safetensors (formats/model-file.ts). */
export function completionFactory({ id, capabilities = [], build }: CompletionFactory): EngineFactory {
  return {
    id,
    async probe({ path }) {
      const bytes = await weightBytes(path);
      const freeBytes = process.availableMemory();
      // The file's bytes and the model's own copy of them.
      const needs = [{ what: 'weights', bytes: 2 * bytes }];
      if (2 * bytes <= freeBytes) return { fits: true, needs, freeBytes };
      return { fits: false, needs, freeBytes, advice: 'Close other programs, or choose a smaller model.' };
    },
    async load(model, { signal, onProgress }) {
      signal.throwIfAborted();
      const file = await readModelFile(model.path);
      if (file.engine !== id) {
        throw new AppError(
          'ENGINE_LOAD_FAILED',
          `${model.path} is for the engine ${file.engine}, not ${id}.`,
          {
            hint: `Load it with the engine ${file.engine}.`,
          },
        );
      }
      onProgress({ fraction: 0, message: 'Reading the weights' });
      const weights = await loadWeights(model.path);
      signal.throwIfAborted();
      const built = await build(file, weights);
      if (signal.aborted) {
        built.dispose?.();
        signal.throwIfAborted();
      }
      onProgress({ fraction: 1, message: 'Ready' });
      const info: EngineInfo = {
        id,
        modelId: model.id,
        kind: 'completion',
        capabilities: new Set<Capability>(['probabilities', 'inspect', 'seeded', ...capabilities]),
        parameterCount: file.parameterCount,
        contextLength: file.contextLength,
        vocabSize: file.vocabulary.length,
        trainedOn: file.trainedOn,
        license: file.license,
      };
      return new CompletionEngine(info, built);
    },
  };
}

/** A weight tensor of a certain shape as floats. @throws AppError FILE_INVALID when it is missing or has another. */
export function floatsOfShape(
  weights: ReadonlyMap<string, StoredTensor>,
  name: string,
  shape: readonly number[],
): Float32Array<ArrayBuffer> {
  const tensor = weights.get(name);
  const actual = tensor ? `[${tensor.shape}]` : 'missing';
  if (tensor && actual === `[${shape}]`) return loadFloats(tensor);
  throw new AppError(
    'FILE_INVALID',
    `The weight ${name} should have the shape [${shape}]; it is ${actual}.`,
    {
      hint: 'The weights do not belong to this model.json. Get the model again, or train it again.',
    },
  );
}

/** The tokens of a model file as a CompletionModel has them. */
export function tokensOf({
  vocabulary,
  startTokenId = 0,
  stopTokenId,
}: ModelFile): Pick<CompletionModel, 'vocabulary' | 'startTokenId' | 'stopTokenId'> {
  return { vocabulary, startTokenId, ...(stopTokenId === undefined ? {} : { stopTokenId }) };
}
