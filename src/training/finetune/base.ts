/** A finished model as the start of another. */
import { AppError } from '../../errors.ts';
import { findModelFolder, loadWeights, readModelFile } from '../../formats/model-file.ts';
import { floatArrays } from '../result.ts';
import type { RunConfig } from '../run-config.ts';
import type { BaseModel, ModelFacts, NamedArray, NamedArrays } from '../task.ts';
import { nearestKnown } from './characters.ts';

/**
 * The base of a run, read from its folder, or from wherever the same weights are now.
 * @throws AppError FILE_NOT_FOUND, FILE_CHECKSUM when the base has changed since the run began, FILE_INVALID
 */
export async function readBase(config: RunConfig): Promise<BaseModel> {
  const { model, recipe, finetune } = config;
  if (!finetune) throw new AppError('INTERNAL', `The run of ${model} starts from no model.`);
  const folder = await findModelFolder(finetune.base, finetune.sha256, [finetune.path]);
  const file = await readModelFile(folder);
  return {
    file,
    weights: floatArrays(await loadWeights(folder)),
    vocabulary: [...file.vocabulary, ...finetune.added],
    name: model,
    source: finetune.source,
    adapter: recipe === 'lora',
  };
}

/** What model.json says of a fine-tuned model. */
export function describeFinetuned({ file, vocabulary, source, adapter }: BaseModel): ModelFacts {
  const { engine, architecture, contextLength, startTokenId, stopTokenId, license } = file;
  return {
    engine,
    architecture,
    contextLength,
    vocabulary: [...vocabulary],
    ...(startTokenId === undefined ? {} : { startTokenId }),
    ...(stopTokenId === undefined ? {} : { stopTokenId }),
    description: `${file.id}, fine-tuned on ${source}${adapter ? ' by an adapter' : ''}.`,
    trainedOn: `${file.trainedOn}, then ${source}`,
    license,
    ...(adapter ? { adapter: { base: file.id, sha256: file.weights.sha256 } } : {}),
  };
}

/**
 * The base's weights in the shapes of a model with more tokens: each row that is new begins as that of the nearest
 * character (é as e), or else as the mean of all rows.
 */
export function weightsToStart(
  { file, weights, vocabulary }: BaseModel,
  shapes: ReadonlyMap<string, readonly number[]>,
): NamedArrays {
  const oldSize = file.vocabulary.length;
  if (vocabulary.length === oldSize) return weights;
  const known = new Set(file.vocabulary);
  const sources = vocabulary.slice(oldSize).map((character) => {
    const nearest = nearestKnown(character, known);
    return nearest === undefined ? -1 : file.vocabulary.indexOf(nearest);
  });
  const extended = (name: string, found: NamedArray | undefined): [string, NamedArray][] => {
    if (!found) return []; // whoever takes the weights tells which is missing
    const shape = shapes.get(name)!;
    const [rows, ...rest] = found.shape;
    const isPerToken = rows === oldSize && String(shape) === String([vocabulary.length, ...rest]);
    if (!isPerToken) return [[name, found]];
    const width = found.data.length / oldSize;
    const data = new Float32Array(vocabulary.length * width);
    data.set(found.data);
    sources.forEach((source, i) => {
      const row =
        source < 0 ? meanRow(found.data, width) : found.data.slice(source * width, (source + 1) * width);
      data.set(row, (oldSize + i) * width);
    });
    return [[name, { shape, data }]];
  };
  return new Map(Array.from(shapes.keys(), (name) => extended(name, weights.get(name))).flat());
}

function meanRow(data: ArrayLike<number>, width: number): Float32Array {
  const rows = data.length / width;
  const mean = new Float32Array(width);
  for (let i = 0; i < data.length; i++) mean[i % width]! += data[i]! / rows;
  return mean;
}
