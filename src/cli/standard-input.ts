import { fstatSync } from 'node:fs';
import { AppError } from '../errors.ts';

/** How long an impatient read waits for the first byte, in milliseconds. */
const firstByteMs = 2_000;

/** A prompt longer than this is not read: no model here takes as much. */
const mostBytes = 64 * 1024 * 1024;

/**
 * Reads the prompt that a pipe or a file brings on standard input, without its last newline.
 * A terminal gives ''. A pipe that says nothing within two seconds gives '' too unless `patient`:
 * many a caller leaves an idle pipe open behind standard input, and must not hang us.
 */
export async function readStandardInput(
  signal: AbortSignal,
  { patient }: { patient: boolean },
): Promise<string> {
  if (!patient && !bringsText()) return '';
  const stdin = process.stdin;
  const chunks: Buffer[] = [];
  let size = 0;
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      if (!patient) timer = setTimeout(resolve, firstByteMs);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      stdin.on('data', (chunk: Buffer) => {
        clearTimeout(timer);
        size += chunk.length;
        if (size > mostBytes) reject(new AppError('USAGE', `The prompt is longer than ${mostBytes} bytes.`));
        else chunks.push(chunk);
      });
      stdin.once('end', resolve);
      stdin.once('error', reject);
    });
  } finally {
    clearTimeout(timer);
    stdin.removeAllListeners('data').pause();
    // an idle pipe would keep the process alive
    stdin.unref?.();
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

function bringsText(): boolean {
  if (process.stdin.isTTY) return false;
  try {
    const kind = fstatSync(0);
    return kind.isFIFO() || kind.isFile() || kind.isSocket();
  } catch {
    return false;
  }
}
