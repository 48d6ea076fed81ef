import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, mkdir, open, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../errors.ts';
import { writeFileAtomic } from '../formats/atomic-write.ts';
import { describeModel } from '../formats/gguf/model.ts';
import { readGguf } from '../formats/gguf/read.ts';
import { userPaths } from '../paths.ts';
import { type DownloadProgress, download } from './download.ts';
import { ggufFileName } from './gguf-model.ts';
import { failed } from './http.ts';
import { findSource, type ModelSource } from './source.ts';

export interface PullOptions {
  readonly signal: AbortSignal;
  /** Expected sha256 of the file; for the hub's files the hub's own is known. */
  readonly sha256?: string;
  /** Folder of the person's models. */
  readonly models?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly retryMs?: number;
  onProgress?(progress: DownloadProgress): void;
}

export interface PulledModel {
  readonly id: string;
  readonly folder: string;
  readonly bytes: number;
  readonly sha256: string;
  /** It was there already, with the same hash. */
  readonly existed: boolean;
}

/**
 * Fetches a model and installs it as `<models>/<id>/model.gguf`. Nothing is visible there before the
 * file is complete, has the expected size and sha256, and is a GGUF model; a cut at any point leaves a
 * part that the next pull goes on with.
 * @throws AppError USAGE, UNKNOWN_MODEL, DOWNLOAD_FAILED, FILE_CHECKSUM, GGUF_INVALID; the signal's reason
 */
export async function pullModel(ref: string, options: PullOptions): Promise<PulledModel> {
  const env = options.env ?? process.env;
  const token = env['HF_TOKEN'];
  const hub = env['HF_ENDPOINT'] ?? 'https://huggingface.co';
  const source = await findSource(ref, { hub, token, signal: options.signal });
  const sha256 = options.sha256?.toLowerCase() ?? source.sha256;
  const models = options.models ?? userPaths().models;
  const folder = path.join(models, source.id);
  const existing = await installed(folder);
  if (existing !== undefined && existing.sha256 === sha256)
    return { ...existing, id: source.id, folder, existed: true };

  const staging = path.join(models, `.pull-${source.id}`);
  await mkdir(staging, { recursive: true });
  await using _lock = await takeLock(path.join(staging, 'lock'), source.id);
  const draft = path.join(staging, ggufFileName);
  await requireSpace(models, draft, source.bytes);
  // The token is the hub's: no other server gets it.
  const own = source.address.startsWith(`${hub}/`) ? token : undefined;
  await fetchDraft(source, draft, own, options);
  const actual = await sha256Of(draft, options.signal);
  if (sha256 !== undefined && actual !== sha256) {
    await rm(draft);
    throw new AppError('FILE_CHECKSUM', `The file has sha256 ${actual}, expected ${sha256}.`, {
      hint: 'It was damaged on the way or is another file. It was removed; pull again.',
    });
  }
  await checkModel(draft);
  const { size } = await stat(draft);
  const record = { ref, address: source.address, bytes: size, sha256: actual, license: source.license };
  await mkdir(folder, { recursive: true });
  await rename(draft, path.join(folder, ggufFileName));
  await writeFileAtomic(path.join(folder, 'source.json'), `${JSON.stringify(record, null, 2)}\n`);
  await rm(staging, { recursive: true });
  return { id: source.id, folder, bytes: size, sha256: actual, existed: false };
}

async function fetchDraft(
  { address, bytes }: ModelSource,
  draft: string,
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

/** A file that is no model is not kept: another attempt would not mend it. */
async function checkModel(draft: string): Promise<void> {
  try {
    describeModel(readGguf(draft));
  } catch (error) {
    await rm(draft);
    throw error;
  }
}

async function installed(folder: string): Promise<{ sha256: string; bytes: number } | undefined> {
  try {
    await stat(path.join(folder, ggufFileName));
    return JSON.parse(await readFile(path.join(folder, 'source.json'), 'utf8'));
  } catch {
    return undefined;
  }
}

async function requireSpace(models: string, draft: string, bytes: number | undefined): Promise<void> {
  if (bytes === undefined) return;
  const have = await stat(draft).then(
    ({ size }) => size,
    () => 0,
  );
  const { bavail, bsize } = await statfs(models);
  const free = bavail * bsize;
  if (bytes - have > free) throw failed(`it needs ${bytes - have} bytes, ${free} are free in ${models}`);
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
