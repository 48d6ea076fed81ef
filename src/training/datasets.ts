/**
 * The two public texts that the toy models learn from. Beside a checkout they are read where they are; else
 * they are downloaded once into the cache: resumed after a cut, checked by sha256, never half there.
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../errors.ts';
import { sharedDataFolder, userPaths } from '../paths.ts';
import type { DatasetName } from './task.ts';

export interface Dataset {
  readonly name: DatasetName;
  readonly text: string;
  readonly sha256: string;
  /** Where it came from, for a person. */
  readonly source: string;
}

interface DatasetSource {
  readonly file: string;
  readonly url: string;
  readonly bytes: number;
  readonly sha256: string;
}

const sources: Readonly<Record<DatasetName, DatasetSource>> = {
  names: {
    file: 'names.txt',
    url: 'https://raw.githubusercontent.com/karpathy/makemore/master/names.txt',
    bytes: 228_145,
    sha256: '0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d',
  },
  shakespeare: {
    file: 'input.txt',
    url: 'https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt',
    bytes: 1_115_394,
    sha256: '86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed',
  },
};

export interface LoadDatasetOptions {
  /** A text of the person's own, used instead, unchecked. */
  readonly file?: string;
  /** Folder with names.txt and input.txt; default: beside the checkout. `null` looks nowhere. */
  readonly sharedFolder?: string | null;
  /** Default: `userPaths().cache`. */
  readonly cacheFolder?: string;
  /** Default: the dataset's public address. */
  readonly url?: string;
  readonly signal?: AbortSignal;
}

/**
 * The text of a dataset: from `file`, else the shared folder, else the cache, else the network.
 * @throws AppError FILE_NOT_FOUND, FILE_INVALID for `file`; DATASET_UNAVAILABLE; the signal's reason.
 */
export async function loadDataset(name: DatasetName, options: LoadDatasetOptions = {}): Promise<Dataset> {
  if (options.file !== undefined) return ownDataset(name, options.file);
  const source = sources[name];
  const shared = options.sharedFolder === undefined ? sharedDataFolder() : options.sharedFolder;
  const cached = path.join(options.cacheFolder ?? userPaths().cache, 'datasets', source.file);
  for (const file of shared ? [path.join(shared, source.file), cached] : [cached]) {
    const bytes = await readFile(file).catch(() => undefined);
    // A file that is not the published text is passed over, not trusted.
    if (bytes && sha256(bytes) === source.sha256) return dataset(name, bytes, file);
  }
  return dataset(name, await download(name, options.url ?? source.url, cached, options.signal), cached);
}

async function ownDataset(name: DatasetName, file: string): Promise<Dataset> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new AppError('FILE_NOT_FOUND', `The text ${file} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
  try {
    return dataset(name, bytes, file);
  } catch (cause) {
    throw new AppError('FILE_INVALID', `The text ${file} is not UTF-8.`, { cause });
  }
}

function dataset(name: DatasetName, bytes: Uint8Array, source: string): Dataset {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  return { name, text, sha256: sha256(bytes), source };
}

/** Tries three times, each going on where the last was cut; the part stays for the next start. */
async function download(
  name: DatasetName,
  url: string,
  target: string,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const { sha256: expected, file } = sources[name];
  const part = `${target}.part`;
  let problem: unknown;
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await mkdir(path.dirname(target), { recursive: true });
      await fetchRest(url, part, sources[name].bytes, signal);
      const bytes = await readFile(part);
      const actual = sha256(bytes);
      if (actual === expected) {
        await rename(part, target);
        return bytes;
      }
      await rm(part, { force: true });
      problem = new Error(
        `${bytes.byteLength} bytes with sha256 ${actual} came, expected ${sources[name].bytes} with ${expected}`,
      );
    } catch (error) {
      signal?.throwIfAborted();
      problem = error;
      if (error instanceof HttpStatusError && error.status < 500) break;
    }
  }
  throw new AppError(
    'DATASET_UNAVAILABLE',
    `The text ${file} could not be downloaded from ${url}: ${reasonOf(problem)}.`,
    {
      cause: problem,
      hint: `Check the network and try again (it goes on where it was cut), or give the file with --data ${file}.`,
    },
  );
}

class HttpStatusError extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`the server answered ${status}`);
    this.status = status;
  }
}

/** Appends to `part` what is missing; begins anew when the server does not take up. */
async function fetchRest(url: string, part: string, bytes: number, signal?: AbortSignal): Promise<void> {
  const have = await stat(part).then(
    ({ size }) => size,
    () => 0,
  );
  // A whole part was left by a cut before its check.
  if (have === bytes) return;
  const going = have > 0 && have < bytes;
  const response = await fetch(url, {
    headers: going ? { range: `bytes=${have}-` } : {},
    signal: signal ?? null,
  });
  if (!response.ok || !response.body) throw new HttpStatusError(response.status);
  const resumed = going && response.status === 206;
  let room = bytes - (resumed ? have : 0);
  await pipeline(
    Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]),
    async function* (source: AsyncIterable<Uint8Array>) {
      for await (const piece of source) {
        room -= piece.byteLength;
        if (room < 0) throw new Error(`more than the expected ${bytes} bytes came`);
        yield piece;
      }
    },
    createWriteStream(part, { flags: resumed ? 'a' : 'w' }),
    { signal: signal ?? new AbortController().signal },
  );
  if (room > 0) throw new Error(`the connection ended ${room} bytes early`);
}

function reasonOf(problem: unknown): string {
  if (!(problem instanceof Error)) return String(problem);
  const { cause } = problem;
  return cause instanceof Error && cause.message ? `${problem.message} (${cause.message})` : problem.message;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
