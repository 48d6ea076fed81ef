/**
 * A run's folder: run.json (settings), log.jsonl, checkpoint.safetensors, best-<step>.safetensors, model/ (the
 * result), snapshot/ (the model in the midst of training); for a fine-tune text.txt, the person's text as it is
 * trained on. One process at a time trains in it.
 */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '../errors.ts';
import { writeFileAtomic } from '../formats/atomic-write.ts';
import { userPaths } from '../paths.ts';
import { type RunConfig, runConfigSchema } from './run-config.ts';

export function runFiles(folder: string) {
  return {
    config: path.join(folder, 'run.json'),
    log: path.join(folder, 'log.jsonl'),
    checkpoint: path.join(folder, 'checkpoint.safetensors'),
    model: path.join(folder, 'model'),
    text: path.join(folder, 'text.txt'),
    snapshot: path.join(folder, 'snapshot'),
    tensorboard: path.join(folder, 'tensorboard'),
    lock: path.join(folder, 'lock'),
  } as const;
}

/** Makes a new folder under `runs` named by model, recipe and time, and writes the settings. */
export async function createRun(config: RunConfig, runs: string = userPaths().runs): Promise<string> {
  await mkdir(runs, { recursive: true });
  const stamp = config.createdAt.replace(/[-:]/g, '').replace('T', '-').replace(/\..*$/, '');
  const name = `${config.model}-${config.recipe}-${stamp}`;
  for (let attempt = 1; ; attempt++) {
    const folder = path.join(runs, attempt === 1 ? name : `${name}-${attempt}`);
    try {
      await mkdir(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw error;
    }
    await writeFileAtomic(runFiles(folder).config, `${JSON.stringify(config, null, 2)}\n`);
    return folder;
  }
}

/** @throws AppError FILE_NOT_FOUND, FILE_INVALID */
export async function readRun(folder: string): Promise<RunConfig> {
  const file = runFiles(folder).config;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new AppError('FILE_NOT_FOUND', `There is no run in ${folder}.`, {
      cause,
      hint: 'Start one with `babble train <model>`.',
    });
  }
  try {
    return runConfigSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError('FILE_INVALID', `${file} is not a run's settings.`, { cause });
  }
}

export interface RunSummary {
  readonly id: string;
  readonly folder: string;
  readonly config: RunConfig;
}

/** All readable runs, newest first. */
async function listRuns(runs: string = userPaths().runs): Promise<RunSummary[]> {
  const names = await readdir(runs).catch(() => []);
  const found = await Promise.all(
    names.map(async (id) => {
      const folder = path.join(runs, id);
      const config = await readRun(folder).catch(() => undefined);
      return config ? [{ id, folder, config }] : [];
    }),
  );
  return found.flat().sort((a, b) => (a.config.createdAt < b.config.createdAt ? 1 : -1));
}

/** Finds a run by its id, by the path of its folder, or (without either) the newest of a model. @throws AppError USAGE */
export async function findRun(
  wanted: { readonly run?: string | undefined; readonly model?: string | undefined },
  runs: string = userPaths().runs,
): Promise<RunSummary> {
  const all = await listRuns(runs);
  const { run, model } = wanted;
  if (run !== undefined) {
    const known = all.find(({ id }) => id === run);
    if (known) return known;
    if (run.includes(path.sep)) {
      return { id: path.basename(run), folder: path.resolve(run), config: await readRun(run) };
    }
  } else {
    const newest = all.find(({ config }) => model === undefined || config.model === model);
    if (newest) return newest;
  }
  const ids = all.slice(0, 10).map(({ id }) => id);
  throw new AppError(
    'USAGE',
    run === undefined ? `There is no run${model ? ` of ${model}` : ''} yet.` : `There is no run "${run}".`,
    { hint: ids.length > 0 ? `Known runs: ${ids.join(', ')}.` : 'Start one with `babble train <model>`.' },
  );
}

/**
 * Holds the folder for this process until disposed, or until the process ends in whatever way: the lock is
 * SQLite's lock on a file, which the system lets go of even after a SIGKILL, and which no reused process id can
 * fake. Waits for a process that is just
 * ending.
 * @throws AppError TRAINING_FAILED when another process trains this run.
 */
export function lockRun(folder: string, waitMs = 5000): Disposable {
  const database = new DatabaseSync(runFiles(folder).lock, { timeout: waitMs });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    throw new AppError('TRAINING_FAILED', `Another process is training the run ${path.basename(folder)}.`, {
      cause,
      hint: 'Wait until it has ended, or stop it with Ctrl+C.',
    });
  }
  return { [Symbol.dispose]: () => database.close() };
}
