import { isDeepStrictEqual } from 'node:util';
import { type APIApplicationCommand, type REST, Routes } from 'discord.js';
import { allDefinitions } from './commands/index.ts';
import { readApplicationId } from './invite.ts';

/** What a deployment changes, by command name. */
export interface CommandChanges {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly unchanged: readonly string[];
}

/**
 * Deploys the commands, to one guild (at once) or everywhere, and says what changed.
 * @param dryRun only compares.
 */
export async function registerCommands(
  rest: REST,
  options: { guild?: string | undefined; dryRun: boolean },
): Promise<CommandChanges> {
  const id = await readApplicationId(rest);
  const route = options.guild
    ? Routes.applicationGuildCommands(id, options.guild)
    : Routes.applicationCommands(id);
  const query = new URLSearchParams({ with_localizations: 'true' });
  const deployed = (await rest.get(route, { query })) as APIApplicationCommand[];
  const wanted = allDefinitions();
  const changes = compareCommands(deployed, wanted);
  const { added, changed, removed } = changes;
  if (!options.dryRun && added.length + changed.length + removed.length > 0)
    await rest.put(route, { body: wanted });
  return changes;
}

type Definition = Readonly<Record<string, unknown>> & { readonly name: string; readonly type?: number };

function compareCommands(
  deployed: readonly APIApplicationCommand[],
  wanted: readonly object[],
): CommandChanges {
  const key = (command: Definition) => `${command.type ?? 1}:${command.name}`;
  const old = new Map(
    deployed.map((command) => [key(command as unknown as Definition), command as unknown as Definition]),
  );
  const added: string[] = [];
  const changed: string[] = [];
  const unchanged: string[] = [];
  for (const definition of wanted as readonly Definition[]) {
    const before = old.get(key(definition));
    old.delete(key(definition));
    if (!before) added.push(definition.name);
    else if (agrees(definition, before)) unchanged.push(definition.name);
    else changed.push(definition.name);
  }
  return { added, changed, unchanged, removed: [...old.values()].map(({ name }) => name) };
}

/** Discord adds fields of its own, and leaves out empty ones: only what we say is compared. */
function agrees(wanted: unknown, deployed: unknown): boolean {
  if (Array.isArray(wanted)) {
    const list = Array.isArray(deployed) ? deployed : [];
    return wanted.length === list.length && wanted.every((item, index) => agrees(item, list[index]));
  }
  if (typeof wanted === 'object' && wanted !== null) {
    return Object.entries(wanted).every(([name, value]) =>
      agrees(value, (deployed as Record<string, unknown> | undefined)?.[name]),
    );
  }
  return isDeepStrictEqual(wanted, deployed);
}
