/** Test-only: the real command, `bin/babble.mjs`, as a script starts it. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export const babbleFile = fileURLToPath(new URL('../bin/babble.mjs', import.meta.url));

export interface Ending {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Where its data are: a folder of the test's own. */
  readonly home: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** Starts the command with pipes as its standard streams. The caller sees to its end. */
export function startBabble(
  args: readonly string[],
  { home, env, cwd }: CommandOptions,
): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [babbleFile, ...args], {
    cwd,
    env: { ...process.env, BABBLE_HOME: home, NO_COLOR: '1', ...env },
  });
}

/** Runs the command to its end. @param input what its standard input brings before it ends */
export async function babble(
  args: readonly string[],
  options: CommandOptions & { readonly input?: string },
): Promise<Ending> {
  const child = startBabble(args, options);
  // It may end before it has read all.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  return ending(child);
}

/** What a started command still writes, and how it ends. */
export async function ending(child: ChildProcessWithoutNullStreams): Promise<Ending> {
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}
