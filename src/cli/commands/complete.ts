import { readdir } from 'node:fs/promises';
import { readAliases } from '../../catalogue/aliases.ts';
import { curatedModels } from '../../catalogue/curated.ts';
import { listEngines } from '../../engines/registry.ts';
import { shippedModels, userPaths } from '../../paths.ts';
import type { NameKind } from '../completions/definitions.ts';

/**
 * `babble __complete models`: the names of a kind, one a line, for the shells' completion. It runs at a key
 * press, so it opens no model and imports nothing heavy; an unknown kind has no names.
 */
export async function run([kind]: readonly string[]): Promise<number> {
  const found = (await names[kind as NameKind]?.()) ?? [];
  // Others could mean something to a shell.
  const plain = [...new Set(found)].filter((name) => /^[\w.-]+$/.test(name));
  process.stdout.write(plain.map((name) => `${name}\n`).join(''));
  return 0;
}

const names: Readonly<Record<NameKind, () => Promise<readonly string[]>>> = {
  engines: async () => listEngines().map(({ id }) => id),
  models: async () => [
    ...(await foldersIn(shippedModels)),
    ...(await foldersIn(userPaths().models)),
    ...(await aliases()),
  ],
  refs: async () => curatedModels.map(({ alias }) => alias),
  aliases,
  settings: async () => (await import('../../settings/table.ts')).settingsTable.map(({ key }) => key),
};

async function aliases(): Promise<readonly string[]> {
  return readAliases().then(
    (all) => [...all.keys()],
    () => [],
  );
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name);
}
