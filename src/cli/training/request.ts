/** What `babble train` is asked for: a file, and flags over it. */
import { readFile } from 'node:fs/promises';
import { parse as parseToml } from 'smol-toml';
import { AppError } from '../../errors.ts';
import { type RunRequest, runRequestSchema } from '../../training/run-config.ts';

/** Reads a TOML or JSON file by its ending. @throws AppError FILE_NOT_FOUND, FILE_INVALID, INVALID_SETTING */
export async function readRequestFile(file: string): Promise<RunRequest> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new AppError('FILE_NOT_FOUND', `The settings ${file} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
  let value: unknown;
  try {
    value = file.endsWith('.toml') ? parseToml(text) : JSON.parse(text);
  } catch (cause) {
    const format = file.endsWith('.toml') ? 'TOML' : 'JSON';
    throw new AppError('FILE_INVALID', `${file} is not ${format}: ${(cause as Error).message}`, { cause });
  }
  return checkRequest(value, file);
}

/** @throws AppError INVALID_SETTING that names the setting */
export function checkRequest(value: unknown, where: string): RunRequest {
  const result = runRequestSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const name = issue?.path.join('.');
  throw new AppError('INVALID_SETTING', `${where}: ${name ? `${name}: ` : ''}${issue?.message}.`, {
    hint: `Known settings: ${Object.keys(runRequestSchema.shape).join(', ')}.`,
  });
}

/** `learningRate=0.01` → [name, value]: numbers and booleans are read as such. */
export function parseSetting(text: string): readonly [string, number | string | boolean] {
  const [name, ...rest] = text.split('=');
  const value = rest.join('=');
  if (!name || rest.length === 0) {
    throw new AppError('USAGE', `--set takes name=value, not "${text}".`);
  }
  if (value === 'true' || value === 'false') return [name, value === 'true'];
  const number = Number(value);
  return [name, value.trim() !== '' && Number.isFinite(number) ? number : value];
}
