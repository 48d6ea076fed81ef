import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { packageRoot } from '../../src/paths.ts';
import type { BotScene } from './harness.ts';

/** The bot as a process of its own, as a supervisor would start it. */
export function spawnBot(
  scene: Pick<BotScene, 'env'>,
  settings: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): ChildProcess {
  const main = `import { main } from ${JSON.stringify(path.join(packageRoot, 'src', 'cli.ts'))}; process.exitCode = await main(process.argv.slice(1));`;
  return spawn(process.execPath, ['--input-type=module', '--eval', main, '--', 'bot', ...args], {
    env: { PATH: process.env['PATH'], ...scene.env, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export async function outcome(
  child: ChildProcess,
): Promise<{ code: number | null; out: string; err: string }> {
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk) => (out = `${out}${chunk}`));
  child.stderr?.on('data', (chunk) => (err = `${err}${chunk}`));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}
