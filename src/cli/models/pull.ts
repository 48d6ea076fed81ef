import type { DownloadProgress } from '../../catalogue/download.ts';
import { pullModel } from '../../catalogue/pull.ts';

/** `babble models pull` */
export async function pullCommand(ref: string, { sha256 }: { sha256?: string }): Promise<void> {
  const abort = new AbortController();
  const interrupt = () => abort.abort(new DOMException('Interrupted', 'AbortError'));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const pulled = await pullModel(ref, {
      signal: abort.signal,
      ...(sha256 === undefined ? {} : { sha256 }),
      onProgress: showProgress,
    });
    if (process.stderr.isTTY) process.stderr.write('\n');
    const what = pulled.existed ? 'was there already' : `${pulled.bytes} bytes, sha256 ${pulled.sha256}`;
    process.stdout.write(`${pulled.id}: ${what}\n`);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
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
