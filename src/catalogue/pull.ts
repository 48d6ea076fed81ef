import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, mkdir, open, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../errors.ts';
import { writeFileAtomic } from '../formats/atomic-write.ts';
import { readModel } from '../formats/gguf/split.ts';
import { userPaths } from '../paths.ts';
import { readAliases, setAlias } from './aliases.ts';
import { curatedModels } from './curated.ts';
import { type DownloadProgress, download } from './download.ts';
import { ggufFileNames } from './gguf-model.ts';
import { failed } from './http.ts';
import { findSource, type ModelSource } from './source.ts';
import { readSourceRecord, type SourceRecord, sourceRecordName } from './source-record.ts';

export interface PullOptions {
  readonly signal: AbortSignal;
  /** Expected sha256 of the file; for the hub's files the hub's own is known. Not for split models. */
  readonly sha256?: string;
  /** Folder of the person's models. */
  readonly models?: string;
  /** File of the person's aliases. */
  readonly aliases?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly retryMs?: number;
  /** Told what was found, before a byte is fetched. */
  onSource?(source: ModelSource): void;
  /** Over all files of the model. */
  onProgress?(progress: DownloadProgress): void;
}

export interface PulledModel extends SourceRecord {
  readonly id: string;
  readonly folder: string;
  /** It was there already, with the same hashes. */
  readonly existed: boolean;
}

/** A file of a model on its way to its place. */
interface Draft {
  readonly source: ModelSource['files'][number];
  readonly sha256: string | undefined;
  readonly path: string;
}

/**
 * Fetches a model and installs it as `<models>/<id>/model.gguf`, or as all its parts where it is split.
 * Nothing is visible there before every file is complete, has the expected size and sha256, and they are a
 * GGUF model together; a cut at any point leaves parts that the next pull goes on with.
 * @throws AppError USAGE, UNKNOWN_MODEL, DOWNLOAD_FAILED, FILE_CHECKSUM, GGUF_INVALID; the signal's reason
 */
export async function pullModel(ref: string, options: PullOptions): Promise<PulledModel> {
  const env = options.env ?? process.env;
  const token = env['HF_TOKEN'];
  const hub = env['HF_ENDPOINT'] ?? 'https://huggingface.co';
  const source = await findSource(ref, { hub, token, signal: options.signal });
  const { id, license, files } = source;
  await checkNames(source, options);
  options.onSource?.(source);
  const models = options.models ?? userPaths().models;
  const folder = path.join(models, id);
  const known = await readSourceRecord(folder);
  const hashes = files.map(({ sha256 }) => options.sha256?.toLowerCase() ?? sha256);
  if (known?.files.length === files.length && known.files.every(({ sha256 }, i) => sha256 === hashes[i])) {
    await nameCurated(ref, id, options);
    return { ...known, id, folder, existed: true };
  }

  const staging = path.join(models, `.pull-${id}`);
  const content = path.join(staging, 'model');
  await mkdir(content, { recursive: true });
  await using _lock = await takeLock(path.join(staging, 'lock'), id);
  const names = ggufFileNames(files.length);
  const drafts = files.map((file, i) => ({
    source: file,
    sha256: hashes[i],
    path: path.join(content, names[i]!),
  }));
  await requireSpace(models, drafts);
  const onProgress = progressOver(files, options);
  const record: SourceRecord['files'] = [];
  for (const [i, draft] of drafts.entries()) {
    const { address } = draft.source;
    // The token is the hub's: no other server gets it.
    const own = address.startsWith(`${hub}/`) ? token : undefined;
    await fetchDraft(draft, own, { ...options, onProgress: (progress) => onProgress(i, progress) });
    record.push({ name: names[i]!, address, ...(await checkFile(draft, options.signal)) });
  }
  await checkModel(drafts);
  const written: SourceRecord = { ref, ...(license === undefined ? {} : { license }), files: record };
  await install(staging, folder, written);
  await nameCurated(ref, id, options);
  return { ...written, id, folder, existed: false };
}

/** @throws AppError USAGE */
async function checkNames({ id, files }: ModelSource, { sha256, aliases }: PullOptions): Promise<void> {
  if (sha256 !== undefined && files.length > 1) {
    throw new AppError('USAGE', `${id} is split into ${files.length} files: one sha256 cannot be of all.`);
  }
  const alias = (await readAliases(aliases)).get(id);
  if (alias === undefined) return;
  throw new AppError('USAGE', `"${id}" is your alias of ${alias.model}: the model would hide it.`, {
    hint: `\`babble models alias --remove ${id}\` frees the name.`,
  });
}

/** A model pulled by its name in the curated list is known by it from then on. */
async function nameCurated(ref: string, id: string, { aliases }: PullOptions): Promise<void> {
  if (!curatedModels.some(({ alias }) => alias === ref)) return;
  await setAlias(ref, { engine: 'llama', model: id }, { taken: new Set(), file: aliases });
}

async function fetchDraft(
  { source: { address, bytes }, path: draft }: Draft,
  token: string | undefined,
  options: PullOptions,
): Promise<void> {
  if (/^https?:/.test(address)) {
    const { signal, retryMs = 1000, onProgress = () => {} } = options;
    await download(address, draft, { token, bytes, signal, retryMs, onProgress });
    return;
  }
  const found = await stat(address).catch(() => undefined);
  if (!found?.isFile()) {
    throw new AppError('UNKNOWN_MODEL', `"${address}" is no file, address, hf: reference or known alias.`, {
      hint: '`babble models pull --help` shows the forms; `babble models curated` the aliases.',
    });
  }
  await copyFile(address, draft, constants.COPYFILE_FICLONE);
}

/** One progress from those of the files, which come one after the other. */
function progressOver(
  files: ModelSource['files'],
  { onProgress = () => {} }: PullOptions,
): (index: number, progress: DownloadProgress) => void {
  const before = files.map((_, i) => sum(files.slice(0, i).map(({ bytes }) => bytes)));
  const all = sum(files.map(({ bytes }) => bytes));
  return (index, progress) => {
    const start = before[index];
    if (files.length === 1 || start === undefined || all === undefined) return onProgress(progress);
    const bytes = start + progress.bytes;
    const { bytesPerSecond } = progress;
    const secondsLeft = bytesPerSecond === 0 ? undefined : (all - bytes) / bytesPerSecond;
    onProgress({ bytes, totalBytes: all, bytesPerSecond, secondsLeft });
  };
}

/** @throws AppError FILE_CHECKSUM, and the file is removed */
async function checkFile(draft: Draft, signal: AbortSignal): Promise<{ bytes: number; sha256: string }> {
  const sha256 = await sha256Of(draft.path, signal);
  if (draft.sha256 !== undefined && sha256 !== draft.sha256) {
    await rm(draft.path);
    throw new AppError('FILE_CHECKSUM', `The file has sha256 ${sha256}, expected ${draft.sha256}.`, {
      hint: 'It was damaged on the way or is another file. It was removed; pull again.',
    });
  }
  return { bytes: (await stat(draft.path)).size, sha256 };
}

/** Files that are no model are not kept: another attempt would not mend them. */
async function checkModel(drafts: readonly Draft[]): Promise<void> {
  try {
    readModel(drafts[0]!.path);
  } catch (error) {
    for (const draft of drafts) await rm(draft.path);
    throw error;
  }
}

/** Puts the complete folder in its place with one rename; a model that was there makes way just before. */
async function install(staging: string, folder: string, record: SourceRecord): Promise<void> {
  const content = path.join(staging, 'model');
  const wanted = new Set(record.files.map(({ name }) => name));
  for (const name of await readdir(content)) if (!wanted.has(name)) await rm(path.join(content, name));
  await writeFileAtomic(path.join(content, sourceRecordName), `${JSON.stringify(record, null, 2)}\n`);
  const replaced = path.join(staging, 'replaced');
  await rm(replaced, { recursive: true, force: true });
  await rename(folder, replaced).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rename(content, folder);
  await rm(staging, { recursive: true });
}

async function requireSpace(models: string, drafts: readonly Draft[]): Promise<void> {
  const sizes = await Promise.all(
    drafts.map(async ({ source: { bytes }, path: draft }) => (bytes ?? 0) - (await sizeOf(draft))),
  );
  const needed = sizes.reduce((total, bytes) => total + Math.max(0, bytes), 0);
  const { bavail, bsize } = await statfs(models);
  const free = bavail * bsize;
  if (needed > free) throw failed(`it needs ${needed} bytes, ${free} are free in ${models}`);
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

/** Undefined when one is unknown. */
function sum(values: readonly (number | undefined)[]): number | undefined {
  return values.reduce<number | undefined>(
    (total, value) => (total === undefined || value === undefined ? undefined : total + value),
    0,
  );
}

/** One pull of a model at a time. A lock whose process has ended counts for nothing. */
async function takeLock(file: string, id: string): Promise<AsyncDisposable> {
  for (;;) {
    try {
      await using handle = await open(file, 'wx');
      await handle.writeFile(String(process.pid));
      return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = Number(await readFile(file, 'utf8').catch(() => ''));
    if (owner > 0 && isRunning(owner)) throw failed(`${id} is being pulled already, by process ${owner}`);
    await rm(file, { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function sha256Of(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { signal, highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}
