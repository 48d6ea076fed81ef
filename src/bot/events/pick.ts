import {
  ComponentType,
  type MessageComponentInteraction,
  MessageFlags,
  type RepliableInteraction,
} from 'discord.js';
import { engineChoices } from '../commands/complete.ts';

/** Discord shows at most this many entries in a menu. */
const mostEntries = 25;

/**
 * Offers the engines in a menu that only the asker sees.
 * @param subject what the choice is about: its custom id becomes `pick:<subject>`.
 */
export async function offerEngines(
  interaction: RepliableInteraction | MessageComponentInteraction,
  subject: string,
  text: string,
): Promise<void> {
  const options = engineChoices()
    .slice(0, mostEntries)
    .map(({ name, value }) => ({
      label: value,
      value,
      description: name.slice(value.length + 2).slice(0, 100),
    }));
  await interaction.reply({
    content: text,
    flags: MessageFlags.Ephemeral,
    components: [
      {
        type: ComponentType.ActionRow,
        components: [
          { type: ComponentType.StringSelect, customId: `pick:${subject}`, placeholder: 'Engine', options },
        ],
      },
    ],
  });
}

/** Reads a choice made in that menu; undefined for another component. */
export function pickedEngine(
  interaction: MessageComponentInteraction,
): { subject: string; engine: string } | undefined {
  if (!interaction.isStringSelectMenu() || !interaction.customId.startsWith('pick:')) return undefined;
  const engine = interaction.values[0];
  return engine === undefined ? undefined : { subject: interaction.customId.slice('pick:'.length), engine };
}
