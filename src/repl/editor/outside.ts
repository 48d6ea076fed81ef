import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AppError } from '../../errors.ts';

/**
 * Lets the person change a text in `$VISUAL` or `$EDITOR` (default vi), and gives the text back.
 * @throws AppError USAGE when the editor does not start or fails.
 */
export async function editOutside(text: string, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'babble-'));
  try {
    const file = path.join(folder, 'message.md');
    await writeFile(file, text, { mode: 0o600 });
    await openEditor(file, env);
    return await readFile(file, 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Lets the person change a file in `$VISUAL` or `$EDITOR` (default vi).
 * @throws AppError USAGE when the editor does not start or fails.
 */
export function openEditor(file: string, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const command = env['VISUAL'] || env['EDITOR'] || 'vi';
  return new Promise((resolve, reject) => {
    const fail = (what: string, cause?: Error) =>
      reject(
        new AppError('USAGE', `The editor ${command} ${what}.`, {
          hint: 'Set EDITOR to the editor you use, for example EDITOR=nano.',
          cause,
        }),
      );
    // The variable may hold arguments, so a shell takes it apart; the file's name is an argument of its own.
    const child = spawn('sh', ['-c', `${command} "$1"`, 'sh', file], { env, stdio: 'inherit' });
    child.once('error', (error) => fail('does not start', error));
    child.once('exit', (code) => (code === 0 ? resolve() : fail(`ended with code ${code}`)));
  });
}
