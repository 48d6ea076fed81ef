import { spawn } from 'node:child_process';

/**
 * Runs a program to its end and keeps the end of what it printed.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number, onPoll?: () => void, pollMs?: number}} [options]
 *   `onPoll` is called every `pollMs` (default 500) while it runs, for progress.
 * @returns {Promise<{code: number | null, signal: string | null, output: string, missing: boolean}>}
 *   `missing`: there is no such program. Never rejects.
 */
export function run(command, args, options = {}) {
  const { cwd, env = process.env, timeoutMs, onPoll, pollMs = 500 } = options;
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
    let output = '';
    const keep = (data) => {
      output = (output + data).slice(-20_000);
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    const poll = onPoll && setInterval(onPoll, pollMs);
    const timer = timeoutMs && setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const stop = () => child.kill('SIGTERM');
    process.once('exit', stop);
    const end = (result) => {
      clearInterval(poll);
      clearTimeout(timer);
      process.off('exit', stop);
      resolve({ output, missing: false, ...result });
    };
    child.once('error', (error) =>
      end({ code: null, signal: null, output: error.message, missing: error.code === 'ENOENT' }),
    );
    child.once('close', (code, signal) => end({ code, signal }));
  });
}

/** The last lines of a program's output, for an error message. */
export function tail(output, lines = 8) {
  return output.trim().split(/\r?\n/).slice(-lines).join('\n');
}
