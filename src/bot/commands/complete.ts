import type { AutocompleteInteraction } from 'discord.js';
import { listModels } from '../../catalogue/catalogue.ts';
import { sanitiseLine } from '../../chat/sanitise.ts';
import { listEngines } from '../../engines/registry.ts';

/** Discord shows at most this many suggestions. */
const mostChoices = 25;

interface Choice {
  readonly name: string;
  readonly value: string;
}

/** Answers an autocompletion of an option called `engine` or `model`. */
export async function completeEngineOrModel(interaction: AutocompleteInteraction): Promise<void> {
  const focused = interaction.options.getFocused(true);
  const engine = interaction.options.getString('engine') ?? undefined;
  const choices = focused.name === 'engine' ? engineChoices() : await modelChoices(engine);
  const typed = focused.value.toLowerCase();
  const fitting = choices.filter(({ name, value }) => `${name} ${value}`.toLowerCase().includes(typed));
  await interaction.respond(fitting.slice(0, mostChoices));
}

/** Every engine with its one-line description. */
export function engineChoices(): Choice[] {
  return listEngines().map(({ id, description }) => ({ name: shorten(`${id}: ${description}`), value: id }));
}

async function modelChoices(engine: string | undefined): Promise<Choice[]> {
  const models = (await listModels()).filter(
    (model) => !model.error && (engine === undefined || model.engine === engine),
  );
  return models.map(({ id, description }) => ({ name: shorten(`${id}: ${description}`), value: id }));
}

function shorten(name: string): string {
  const clean = [...sanitiseLine(name)];
  return clean.length <= 100 ? clean.join('') : `${clean.slice(0, 99).join('')}…`;
}
