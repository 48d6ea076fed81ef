import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import { chunksOf, failed, get } from './http.ts';
import { refused } from './source.ts';

export interface DownloadProgress {
  readonly bytes: number;
  readonly totalBytes: number | undefined;
  readonly bytesPerSecond: number;
  /** Absent while the size is unknown. */
  readonly secondsLeft: number | undefined;
}

export interface DownloadOptions {
  readonly token: string | undefined;
  readonly bytes: number | undefined;
  readonly signal: AbortSignal;
  /** First pause after a failure; doubles with each in a row. */
  readonly retryMs: number;
  onProgress(progress: DownloadProgress): void;
}

/** Failures in a row without a new byte before giving up. */
const maxAttempts = 5;

/**
 * Fetches an address into `file`, going on where an earlier attempt stopped. Network failures, 429 and
 * 5xx are tried again with growing pauses; a server that cannot resume starts over.
 * @throws AppError DOWNLOAD_FAILED; the signal's reason. What has come stays for the next time.
 */
export async function download(address: string, file: string, options: DownloadOptions): Promise<void> {
  const meter = new Meter(options);
  for (let attempt = 0; ; ) {
    const before = await sizeOf(file);
    try {
      if (await fetchRest(address, file, before, options, meter)) return;
      attempt = 0;
    } catch (error) {
      options.signal.throwIfAborted();
      if (error instanceof AppError && !(error instanceof RetryableError)) throw error;
      attempt = (await sizeOf(file)) > before ? 1 : attempt + 1;
      if (attempt >= maxAttempts) throw AppError.from(error, 'DOWNLOAD_FAILED');
      const pause = error instanceof RetryableError ? error.afterMs : undefined;
      await wait(pause ?? options.retryMs * 2 ** (attempt - 1), undefined, { signal: options.signal });
    }
  }
}

class RetryableError extends AppError {
  readonly afterMs: number | undefined;

  constructor(status: number, host: string, retryAfter: string | null) {
    super('DOWNLOAD_FAILED', `Downloading failed: ${host} answered ${status}.`);
    const seconds = Number(retryAfter ?? Number.NaN);
    this.afterMs = Number.isFinite(seconds) ? Math.min(seconds, 60) * 1000 : undefined;
  }
}

/** @returns whether the file is complete; false: it was begun anew */
async function fetchRest(
  address: string,
  file: string,
  have: number,
  options: DownloadOptions,
  meter: Meter,
): Promise<boolean> {
  if (have > 0 && have === options.bytes) return true;
  const headers: Record<string, string> = have > 0 ? { range: `bytes=${have}-` } : {};
  const response = await get(address, { headers, token: options.token, signal: options.signal });
  const { status } = response;
  if (status === 429 || status >= 500) {
    await response.body?.cancel();
    throw new RetryableError(status, new URL(address).host, response.headers.get('retry-after'));
  }
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '');
  const resumes = status === 206 && Number(range?.[1]) === have;
  if (have > 0 && !resumes && (status === 416 || status === 206)) {
    await response.body?.cancel();
    if (status === 416 && options.bytes === undefined) return true; // nothing is left to send
    await truncate(file, 0);
    return false;
  }
  if (!resumes && status !== 200) throw refused(status, new URL(address).pathname);
  const start = resumes ? have : 0;
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  const total = options.bytes ?? (Number.isFinite(length) ? start + length : undefined);
  await using handle = await open(file, resumes ? 'r+' : 'w');
  const end = await append(handle, start, total, response, meter);
  if (total !== undefined && end !== total)
    throw new Error(`the connection ended at ${end} of ${total} bytes`);
  return true;
}

async function append(
  handle: FileHandle,
  start: number,
  total: number | undefined,
  response: Response,
  meter: Meter,
): Promise<number> {
  let position = start;
  try {
    for await (const chunk of chunksOf(response)) {
      if (total !== undefined && position + chunk.length > total)
        throw failed(`more than ${total} bytes came`);
      await handle.write(chunk, 0, chunk.length, position);
      position += chunk.length;
      meter.report(position, total);
    }
  } finally {
    await handle.sync();
  }
  return position;
}

async function truncate(file: string, length: number): Promise<void> {
  await using handle = await open(file, 'r+');
  await handle.truncate(length);
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

const reportEveryMs = 200;

class Meter {
  readonly #options: DownloadOptions;
  #start: { readonly at: number; readonly bytes: number } | undefined;
  #last = Number.NEGATIVE_INFINITY;

  constructor(options: DownloadOptions) {
    this.#options = options;
  }

  report(bytes: number, totalBytes: number | undefined): void {
    const now = performance.now();
    this.#start ??= { at: now, bytes };
    if (now - this.#last < reportEveryMs && bytes !== totalBytes) return;
    this.#last = now;
    const seconds = (now - this.#start.at) / 1000;
    const bytesPerSecond = seconds > 0 ? (bytes - this.#start.bytes) / seconds : 0;
    const secondsLeft =
      totalBytes === undefined || bytesPerSecond === 0 ? undefined : (totalBytes - bytes) / bytesPerSecond;
    this.#options.onProgress({ bytes, totalBytes, bytesPerSecond, secondsLeft });
  }
}
