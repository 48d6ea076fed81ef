/**
 * A thread inside an engine process: ends the process when its parent is gone, even while the main
 * thread is inside a native call that does not return.
 */
import { workerData } from 'node:worker_threads';

const parent = workerData as number;
const intervalMs = 500;

function parentIsGone(): boolean {
  if (process.ppid !== parent) return true;
  try {
    process.kill(parent, 0);
    return false;
  } catch {
    return true;
  }
}

setInterval(() => {
  if (parentIsGone()) process.kill(process.pid, 'SIGKILL');
}, intervalMs);
