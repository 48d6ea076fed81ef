import path from 'node:path';
import { train } from '../../training/client.ts';
import type { TrainingOutcome } from '../../training/events.ts';
import { createView } from './view.ts';

/** Exit code of a run stopped by Ctrl+C. */
export const interrupted = 130;

/** Trains a run to its end with a live view on standard error; Ctrl+C stops it, and is told how to go on. */
export async function followRun(
  folder: string,
  options: { readonly command: string; readonly memoryLimit?: number | undefined },
): Promise<TrainingOutcome> {
  const view = createView(process.stderr);
  const abort = new AbortController();
  const stop = () => abort.abort(new DOMException('Interrupted', 'AbortError'));
  process.on('SIGINT', stop).on('SIGTERM', stop);
  let outcome: TrainingOutcome;
  try {
    outcome = await train({
      folder,
      signal: abort.signal,
      ...(options.memoryLimit === undefined ? {} : { memoryLimitBytes: options.memoryLimit * 2 ** 20 }),
      onEvent: (event) => view.show(event),
    });
  } finally {
    view.end();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
  if (outcome.reason === 'interrupted') {
    const how = `babble ${options.command} --resume ${path.basename(folder)}`;
    process.stderr.write(`Stopped at step ${outcome.step}. Go on with: ${how}\n`);
  }
  return outcome;
}
