/** The person's own names for models, kept in `aliases.json` of the data folder. */
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { writeFileAtomic } from '../formats/atomic-write.ts';
import { userPaths } from '../paths.ts';

/** What an alias stands for. */
export interface AliasTarget {
  readonly engine: string;
  /** Id of a model, absolute path of one, or name of one on a server. */
  readonly model: string;
}

const aliasesSchema = z.record(z.string(), z.object({ engine: z.string(), model: z.string() }));

/** Where aliases are kept. */
function aliasesFile(): string {
  return path.join(userPaths().data, 'aliases.json');
}

/** All aliases, by name. @throws AppError FILE_INVALID */
export async function readAliases(file = aliasesFile()): Promise<ReadonlyMap<string, AliasTarget>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw error;
  }
  const parsed = aliasesSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new AppError('FILE_INVALID', `The aliases in ${file} cannot be read.`, {
      hint: 'Mend the file, or remove it: it holds your own names for models and nothing else.',
    });
  }
  return new Map(Object.entries(parsed.data));
}

/**
 * Names a model, or renames what the name stands for.
 * @param taken names that others have: models, engines, the curated list
 * @returns what the name stood for before
 * @throws AppError USAGE for a name that is taken or no name
 */
export async function setAlias(
  name: string,
  target: AliasTarget,
  { taken, file = aliasesFile() }: { taken: ReadonlySet<string>; file?: string | undefined },
): Promise<AliasTarget | undefined> {
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name) || name.endsWith('.gguf')) {
    throw new AppError('USAGE', `${JSON.stringify(name)} cannot be an alias.`, {
      hint: 'Small letters, digits, ".", "_" and "-", at most 64, not ending in .gguf.',
    });
  }
  if (taken.has(name)) {
    throw new AppError('USAGE', `"${name}" is the name of something else already.`, {
      hint: 'Choose a name that no model, engine or entry of `babble models curated` has.',
    });
  }
  const aliases = new Map(await readAliases(file));
  const before = aliases.get(name);
  await write(file, aliases.set(name, target));
  return before;
}

/** @returns whether it was there */
export async function removeAlias(name: string, file = aliasesFile()): Promise<boolean> {
  const aliases = new Map(await readAliases(file));
  if (!aliases.delete(name)) return false;
  await write(file, aliases);
  return true;
}

async function write(file: string, aliases: ReadonlyMap<string, AliasTarget>): Promise<void> {
  const sorted = [...aliases].toSorted(([a], [b]) => (a < b ? -1 : 1));
  await mkdir(path.dirname(file), { recursive: true });
  await writeFileAtomic(file, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
