/** Finds the models on this machine: those that ship with babble, and the person's own. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { ModelRef } from '../engines/engine.ts';
import { findEngine, listEngines } from '../engines/registry.ts';
import { AppError } from '../errors.ts';
import { type ModelFile, readModelFile } from '../formats/model-file.ts';
import { shippedModels, userPaths } from '../paths.ts';
import { type AliasTarget, readAliases, setAlias } from './aliases.ts';
import { curatedModels } from './curated.ts';
import { describeGguf, ggufFileOf } from './gguf-model.ts';
import { readSourceRecord } from './source-record.ts';

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
  /** File of the person's aliases; default: in the data folder. */
  readonly aliases?: string;
}

/** Shipped models first, each group smallest first. Never throws for a broken or missing folder. */
export async function listModels(folders: CatalogueFolders = {}): Promise<CatalogueModel[]> {
  const shipped = await readFolder(folders.shipped ?? shippedModels, 'shipped');
  const own = await readFolder(folders.own ?? userPaths().models, 'own');
  return [...shipped, ...own];
}

/**
 * The model an engine is to load. `name` is an id from `listModels`, an alias, a training run's id, or a path (to a
 * model folder or a GGUF file); absent it is the engine's default model. An own model goes before a shipped one of the
 * same id, and any model before an alias.
 * @throws AppError UNKNOWN_ENGINE; UNKNOWN_MODEL with the ids the engine knows.
 */
export async function resolveModel(
  engineId: string,
  name?: string,
  folders: CatalogueFolders = {},
): Promise<ModelRef> {
  const { defaultModel, namedModels } = findEngine(engineId);
  const wanted = name ?? defaultModel;
  const models = await listModels(folders);
  const direct = wanted === undefined ? undefined : findDirect(engineId, wanted, models);
  if (direct && !namedModels) return direct;

  const alias = wanted === undefined ? undefined : (await readAliases(folders.aliases)).get(wanted);
  if (alias?.engine === engineId) {
    const target = namedModels ? { id: alias.model, path: '' } : findDirect(engineId, alias.model, models);
    if (target) return target;
    throw new AppError('UNKNOWN_MODEL', `"${wanted}" stands for ${alias.model}, which is not there.`, {
      hint: `\`babble models alias ${wanted} <model>\` gives it another meaning.`,
    });
  }
  if (namedModels && wanted !== undefined) return { id: wanted, path: '' };

  const known = models.filter((candidate) => candidate.engine === engineId);
  const list = known.map((candidate) => candidate.id).join(', ') || 'none';
  const other = models.find((candidate) => candidate.id === wanted)?.engine ?? alias?.engine;
  const problem =
    wanted === undefined
      ? `The engine ${engineId} has no model of its own: name one.`
      : other
        ? `The model "${wanted}" runs on the engine ${other}, not on ${engineId}.`
        : `No model is called "${wanted}".`;
  throw new AppError('UNKNOWN_MODEL', `${problem} Known models of ${engineId}: ${list}.`, {
    hint: '`babble models` lists all models; a path to a model folder or file works as well.',
  });
}

/** What a name means where no engine is named with it. */
export interface FoundModel {
  readonly engine: string;
  readonly ref: ModelRef;
}

/**
 * The model that a name means, and the engine that runs it: by id, alias, run or path, as in `resolveModel`.
 * @throws AppError UNKNOWN_MODEL with the ids there are.
 */
export async function findModel(name: string, folders: CatalogueFolders = {}): Promise<FoundModel> {
  const models = await listModels(folders);
  const found = models.findLast(({ id }) => id === name);
  if (found?.error) throw found.error;
  const engine =
    found?.engine ?? (await readAliases(folders.aliases)).get(name)?.engine ?? (await engineOfPath(name));
  if (engine !== undefined) return { engine, ref: await resolveModel(engine, name, folders) };
  const known = models.map(({ id }) => id).join(', ') || 'none';
  throw new AppError('UNKNOWN_MODEL', `No model is called "${name}". Known models: ${known}.`, {
    hint: '`babble models` lists all models; a path to a model folder or GGUF file works as well.',
  });
}

/**
 * Names a model. `target` is an id, another alias, a path, or `engine=model` (for models on a server).
 * @returns what the name means now, and what it meant before
 * @throws AppError USAGE for a name that a model, an engine or the curated list has; UNKNOWN_MODEL
 */
export async function nameModel(
  name: string,
  target: string,
  folders: CatalogueFolders = {},
): Promise<{ now: AliasTarget; before: AliasTarget | undefined }> {
  const [, engine, model] = /^([a-z-]+)=(.+)$/.exec(target) ?? [];
  const { engine: runsOn, ref } =
    engine === undefined
      ? await findModel(target, folders)
      : { engine, ref: await resolveModel(engine, model, folders) };
  const models = await listModels(folders);
  const isListed = models.some(({ id, path: folder }) => id === ref.id && placeOf(folder) === ref.path);
  // A path is kept whole: the alias is used from other folders.
  const now = { engine: runsOn, model: isListed || ref.path === '' ? ref.id : ref.path };
  const before = await setAlias(name, now, {
    taken: new Set([
      ...models.map(({ id }) => id),
      ...listEngines().flatMap(({ id, defaultModel = id }) => [id, defaultModel]),
      ...curatedModels.map(({ alias }) => alias),
    ]),
    file: folders.aliases,
  });
  return { now, before };
}

/** A model by id or path, among those that run on the engine. @throws a broken model's error */
function findDirect(engineId: string, name: string, models: readonly CatalogueModel[]): ModelRef | undefined {
  const found = models.findLast((candidate) => candidate.id === name && runsOn(candidate, engineId));
  if (found?.error) throw found.error;
  if (found) return { id: found.id, path: placeOf(found.path) };
  const folder = modelOfRun(name);
  if (folder !== undefined) return { id: name, path: folder };
  if (!looksLikePath(name) || !existsSync(name)) return undefined;
  const place = path.resolve(name);
  return { id: path.basename(place, '.gguf'), path: placeOf(place) };
}

/** A training run's model, by the run's id: its result, else as it was in the midst of training. */
function modelOfRun(name: string): string | undefined {
  if (!/^\w[\w.-]*$/.test(name)) return undefined;
  const folders = ['model', 'snapshot'].map((part) => path.join(userPaths().runs, name, part));
  return folders.find((folder) => existsSync(path.join(folder, 'model.json')));
}

/** What an engine is given of a model's folder: llama.cpp wants a file. */
function placeOf(folder: string): string {
  return ggufFileOf(folder) ?? folder;
}

/** A broken folder might be of any engine. */
function runsOn(candidate: CatalogueModel, engineId: string): boolean {
  return candidate.error !== undefined || candidate.engine === engineId;
}

function looksLikePath(name: string): boolean {
  return name.includes('/') || name.includes(path.sep) || name.startsWith('.') || name.endsWith('.gguf');
}

/** The engine of a run's model, or of what is there; undefined when nothing is, or nothing known. @throws AppError FILE_INVALID */
async function engineOfPath(name: string): Promise<string | undefined> {
  const run = modelOfRun(name);
  if (run !== undefined) return (await readModelFile(run)).engine;
  if (!looksLikePath(name) || !existsSync(name)) return undefined;
  if (name.endsWith('.gguf') || ggufFileOf(name) !== undefined) return 'llama';
  return (await readModelFile(name)).engine;
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
    const gguf = ggufFileOf(folder);
    if (gguf !== undefined) {
      const facts = describeGguf(gguf);
      const license = facts.license || (await readSourceRecord(folder))?.license || '';
      return { ...place, ...facts, license };
    }
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
