/** Finds the models on this machine: those that ship with babble, and the person's own. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { ModelRef } from '../engines/engine.ts';
import { findEngine } from '../engines/registry.ts';
import { AppError } from '../errors.ts';
import { type ModelFile, readModelFile } from '../formats/model-file.ts';
import { shippedModels, userPaths } from '../paths.ts';
import { describeGgufFolder, ggufFileName } from './gguf-model.ts';

/** One model folder; a broken one is listed with its error, so that a person can see and mend it. */
export interface CatalogueModel
  extends Pick<
    ModelFile,
    'engine' | 'description' | 'parameterCount' | 'contextLength' | 'trainedOn' | 'license' | 'losses'
  > {
  /** The folder's name. */
  readonly id: string;
  readonly path: string;
  readonly source: 'shipped' | 'own';
  /** Why the model cannot be used; its other facts are then empty. */
  readonly error?: AppError;
}

export interface CatalogueFolders {
  /** Default: the folder of shipped models. */
  readonly shipped?: string;
  /** Default: `userPaths().models`. */
  readonly own?: string;
}

/** Shipped models first, each group smallest first. Never throws for a broken or missing folder. */
export async function listModels(folders: CatalogueFolders = {}): Promise<CatalogueModel[]> {
  const shipped = await readFolder(folders.shipped ?? shippedModels, 'shipped');
  const own = await readFolder(folders.own ?? userPaths().models, 'own');
  return [...shipped, ...own];
}

/**
 * The model an engine is to load. `modelId` is an id from `listModels`, or a path (to a model folder or
 * a GGUF file); absent it is the engine's default model. An own model goes before a shipped one of the
 * same id.
 * @throws AppError UNKNOWN_ENGINE; UNKNOWN_MODEL with the ids the engine knows.
 */
export async function resolveModel(
  engineId: string,
  modelId?: string,
  folders: CatalogueFolders = {},
): Promise<ModelRef> {
  const { defaultModel, namedModels } = findEngine(engineId);
  const id = modelId ?? defaultModel;
  if (namedModels && id !== undefined) return { id, path: '' };
  const models = await listModels(folders);
  const found = models.findLast((candidate) => candidate.id === id && runsOn(candidate, engineId));
  if (found) {
    if (found.error) throw found.error;
    return { id: found.id, path: found.path };
  }
  if (id !== undefined && looksLikePath(id) && existsSync(id)) {
    const file = path.resolve(id);
    return { id: path.basename(file, '.gguf'), path: file };
  }

  const known = models.filter((candidate) => candidate.engine === engineId);
  const list = known.map((candidate) => candidate.id).join(', ') || 'none';
  const other = models.find((candidate) => candidate.id === id);
  const problem =
    id === undefined
      ? `The engine ${engineId} has no model of its own: name one.`
      : other
        ? `The model "${id}" runs on the engine ${other.engine}, not on ${engineId}.`
        : `No model is called "${id}".`;
  throw new AppError('UNKNOWN_MODEL', `${problem} Known models of ${engineId}: ${list}.`, {
    hint: '`babble models` lists all models; a path to a model folder or file works as well.',
  });
}

/** A broken folder might be of any engine. */
function runsOn(candidate: CatalogueModel, engineId: string): boolean {
  return candidate.error !== undefined || candidate.engine === engineId;
}

function looksLikePath(id: string): boolean {
  return id.includes('/') || id.includes(path.sep) || id.startsWith('.') || id.endsWith('.gguf');
}

async function readFolder(folder: string, source: CatalogueModel['source']): Promise<CatalogueModel[]> {
  const names = await readdir(folder, { withFileTypes: true }).then(
    (entries) => entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')),
    () => [],
  );
  const models = await Promise.all(names.map(({ name }) => readEntry(path.join(folder, name), source)));
  const size = ({ error, parameterCount }: CatalogueModel) =>
    error ? Number.POSITIVE_INFINITY : parameterCount;
  return models.sort((a, b) => compare(size(a), size(b)) || compare(a.id, b.id));
}

async function readEntry(folder: string, source: CatalogueModel['source']): Promise<CatalogueModel> {
  const place = { id: path.basename(folder), path: folder, source };
  try {
    if (existsSync(path.join(folder, ggufFileName))) return { ...place, ...describeGgufFolder(folder) };
    const { engine, description, parameterCount, contextLength, trainedOn, license, losses } =
      await readModelFile(folder);
    return { ...place, engine, description, parameterCount, contextLength, trainedOn, license, losses };
  } catch (error) {
    const nothing = {
      engine: '',
      description: '',
      parameterCount: 0,
      contextLength: 0,
      trainedOn: '',
      license: '',
    };
    return { ...place, ...nothing, losses: {}, error: AppError.from(error, 'FILE_INVALID') };
  }
}

/** Safe for two infinities, whose difference is NaN. */
function compare<T extends number | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
