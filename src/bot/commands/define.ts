import {
  ApplicationCommandOptionType,
  ApplicationIntegrationType,
  InteractionContextType,
  PermissionFlagsBits,
  type RESTPostAPIChatInputApplicationCommandsJSONBody,
} from 'discord.js';
import { localise } from '../localisations/localise.ts';

type Option = NonNullable<RESTPostAPIChatInputApplicationCommandsJSONBody['options']>[number];

/** Usable on servers, in the bot's direct messages and, installed by a person, anywhere. */
const everywhere = {
  integration_types: [ApplicationIntegrationType.GuildInstall, ApplicationIntegrationType.UserInstall],
  contexts: [
    InteractionContextType.Guild,
    InteractionContextType.BotDM,
    InteractionContextType.PrivateChannel,
  ],
};

/** Only where the bot itself is: on servers and in its direct messages. */
const atHome = {
  integration_types: [ApplicationIntegrationType.GuildInstall],
  contexts: [InteractionContextType.Guild, InteractionContextType.BotDM],
};

/** Options by name, each without its name and description: `define` adds those in every language. */
type Options = Readonly<
  Record<string, { readonly description: string } & Omit<Option, 'name' | 'description'>>
>;

/**
 * A slash command's definition in every language.
 * @param scope `manager` commands change a channel: they are at home only, and on servers need Manage Channels
 *   unless an admin opens them to others.
 */
export function define(
  name: string,
  description: string,
  options: Options = {},
  scope: 'everywhere' | 'home' | 'manager' = 'everywhere',
): RESTPostAPIChatInputApplicationCommandsJSONBody {
  return {
    ...localise(name, description),
    type: 1,
    ...(scope === 'everywhere' ? everywhere : atHome),
    ...(scope === 'manager'
      ? { default_member_permissions: String(PermissionFlagsBits.ManageChannels) }
      : {}),
    options: Object.entries(options).map(([option, { description: text, ...rest }]) => ({
      ...localise(`${name}.${option}`, text),
      ...rest,
    })) as Option[],
  };
}

export const text = (description: string, more: object = {}) => ({
  type: ApplicationCommandOptionType.String as const,
  description,
  ...more,
});
export const whole = (description: string, min_value: number, max_value: number) => ({
  type: ApplicationCommandOptionType.Integer as const,
  description,
  min_value,
  max_value,
});
export const decimal = (description: string, min_value: number, max_value: number) => ({
  type: ApplicationCommandOptionType.Number as const,
  description,
  min_value,
  max_value,
});
export const flag = (description: string) => ({
  type: ApplicationCommandOptionType.Boolean as const,
  description,
});
export const file = (description: string) => ({
  type: ApplicationCommandOptionType.Attachment as const,
  description,
});
