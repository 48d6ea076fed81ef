import {
  ApplicationCommandType,
  ApplicationIntegrationType,
  InteractionContextType,
  type RESTPostAPIApplicationCommandsJSONBody,
} from 'discord.js';
import { localise } from '../localisations/localise.ts';
import { chat } from './chat.ts';
import type { BotCommand } from './command.ts';
import { compare } from './compare.ts';
import { engine } from './engine.ts';
import { forget } from './forget.ts';
import { generate } from './generate.ts';
import { help } from './help.ts';
import { inspect } from './inspect.ts';
import { models } from './models.ts';
import { names } from './names.ts';
import { prompt } from './prompt.ts';
import { settings } from './settings.ts';
import { stats } from './stats.ts';

/** Every slash command. */
export const commands: readonly BotCommand[] = [
  generate,
  chat,
  compare,
  names,
  inspect,
  models,
  engine,
  prompt,
  settings,
  stats,
  help,
  forget,
];

/** The entry in a message's context menu. */
export const continueMenu = 'Continue this with…';

/** Everything that `--register` deploys. */
export function allDefinitions(): RESTPostAPIApplicationCommandsJSONBody[] {
  const { description: _, description_localizations: __, ...menu } = localise(continueMenu, '');
  return [
    ...commands.map(({ definition }) => definition),
    {
      ...menu,
      name: continueMenu,
      type: ApplicationCommandType.Message,
      integration_types: [ApplicationIntegrationType.GuildInstall, ApplicationIntegrationType.UserInstall],
      contexts: [
        InteractionContextType.Guild,
        InteractionContextType.BotDM,
        InteractionContextType.PrivateChannel,
      ],
    },
  ];
}
