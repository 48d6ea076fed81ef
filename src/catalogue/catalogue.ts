/** Finds the models on this machine: those that ship with babble, and the person's own. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { ModelRef } from '../engines/engine.ts';
import { findEngine } from '../engines/registry.ts';
import { AppError } from '../errors.ts';
import { type ModelFile, readModelFile } from '../formats/model-file.ts';
import { shippedModels, userPaths } from '../paths.ts';

/** One model folder; a broken one is listed with its error, so that a person can see and mend it. */
export type CatalogueModel = {
  readonly id: string;
  readonly path: string;
  readonly source: 'shipped' | 'own';
} & ({ readonly model: ModelFile } | { readonly error: AppError });

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
  const id = modelId ?? findEngine(engineId).defaultModel;
  const models = await listModels(folders);
  const found = models.findLast((candidate) => candidate.id === id && runsOn(candidate, engineId));
  if (found) {
    if ('error' in found) throw found.error;
    return { id: found.id, path: found.path };
  }
  if (id !== undefined && looksLikePath(id) && existsSync(id)) {
    const file = path.resolve(id);
    return { id: path.basename(file, '.gguf'), path: file };
  }

  const known = models.filter((candidate) => 'model' in candidate && runsOn(candidate, engineId));
  const list = known.map((candidate) => candidate.id).join(', ') || 'none';
  const other = models.find((candidate) => candidate.id === id);
  const problem =
    id === undefined
      ? `The engine ${engineId} has no model of its own: name one.`
      : other && 'model' in other
        ? `The model "${id}" runs on the engine ${other.model.engine}, not on ${engineId}.`
        : `No model is called "${id}".`;
  throw new AppError('UNKNOWN_MODEL', `${problem} Known models of ${engineId}: ${list}.`, {
    hint: '`babble models` lists all models; a path to a model folder or file works as well.',
  });
}

/** A broken folder might be of any engine. */
function runsOn(candidate: CatalogueModel, engineId: string): boolean {
  return 'error' in candidate || candidate.model.engine === engineId;
}

function looksLikePath(id: string): boolean {
  return id.includes('/') || id.includes(path.sep) || id.startsWith('.') || id.endsWith('.gguf');
}

async function readFolder(folder: string, source: CatalogueModel['source']): Promise<CatalogueModel[]> {
  const names = await readdir(folder, { withFileTypes: true }).then(
    (entries) => entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')),
    () => [],
  );
  const models = await Promise.all(
    names.map(async ({ name }): Promise<CatalogueModel> => {
      const place = { id: name, path: path.join(folder, name), source };
      try {
        return { ...place, model: await readModelFile(place.path) };
      } catch (error) {
        return { ...place, error: AppError.from(error, 'FILE_INVALID') };
      }
    }),
  );
  const size = (candidate: CatalogueModel) =>
    'model' in candidate ? candidate.model.parameterCount : Number.POSITIVE_INFINITY;
  return models.sort((a, b) => compare(size(a), size(b)) || compare(a.id, b.id));
}

/** Safe for two infinities, whose difference is NaN. */
function compare<T extends number | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
