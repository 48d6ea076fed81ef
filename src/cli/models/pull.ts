import { curatedModels } from '../../catalogue/curated.ts';
import type { DownloadProgress } from '../../catalogue/download.ts';
import { pullModel } from '../../catalogue/pull.ts';
import type { ModelSource } from '../../catalogue/source.ts';
import { sanitiseLine } from '../../chat/sanitise.ts';

/** `babble models pull` @returns the exit code: 130 when it was interrupted */
export async function pullCommand(ref: string, { sha256 }: { sha256?: string }): Promise<0 | 130> {
  const abort = new AbortController();
  const interrupt = () => abort.abort(new DOMException('Interrupted', 'AbortError'));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const pulled = await pullModel(ref, {
      signal: abort.signal,
      ...(sha256 === undefined ? {} : { sha256 }),
      onSource: (source) => process.stderr.write(`${describeSource(ref, source)}\n`),
      onProgress: showProgress,
    });
    if (process.stderr.isTTY) process.stderr.write('\n');
    const count = pulled.files.length;
    for (const { name, bytes, sha256: hash } of pulled.existed ? [] : pulled.files) {
      const file = count === 1 ? pulled.id : `${pulled.id}/${name}`;
      process.stdout.write(`${file}: ${bytes} bytes, sha256 ${hash}\n`);
    }
    if (pulled.existed) process.stdout.write(`${pulled.id}: was there already\n`);
    return 0;
  } catch (error) {
    if (!abort.signal.aborted) throw error;
    process.stderr.write('\nStopped. What has come is kept: the same pull goes on with it.\n');
    return 130;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** What will come, as the server says; beside it what the curated list says where that differs. */
export function describeSource(ref: string, { id, files, license }: ModelSource): string {
  const curated = curatedModels.find(({ alias }) => alias === ref);
  const sizes = files.map(({ bytes }) => bytes);
  const bytes = sizes.reduce((total, size) => (total ?? 0) + (size ?? Number.NaN), 0);
  const listed = curated ? ` (the list says about ${curated.gigabytes} GB)` : '';
  const differs = curated !== undefined && `${(bytes! / 1e9).toFixed(2)}` !== curated.gigabytes.toFixed(2);
  const size = Number.isNaN(bytes) ? 'size unknown' : `${gigabytes(bytes!)}${differs ? listed : ''}`;
  const parts = files.length === 1 ? '' : ` in ${files.length} files`;
  const terms = license === undefined ? 'license not told' : `license ${sanitiseLine(license)}`;
  return `${id}: ${size}${parts}, ${terms}`;
}

function showProgress({ bytes, totalBytes, bytesPerSecond, secondsLeft }: DownloadProgress): void {
  if (!process.stderr.isTTY) return;
  const share =
    totalBytes === undefined
      ? ''
      : ` of ${megabytes(totalBytes)} (${Math.floor((100 * bytes) / totalBytes)}%)`;
  const left = secondsLeft === undefined ? '' : `, ${Math.ceil(secondsLeft)} s left`;
  process.stderr.write(`\r\x1b[K${megabytes(bytes)}${share}, ${megabytes(bytesPerSecond)}/s${left}`);
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
const gigabytes = (bytes: number) => (bytes < 1e7 ? megabytes(bytes) : `${(bytes / 1e9).toFixed(2)} GB`);
