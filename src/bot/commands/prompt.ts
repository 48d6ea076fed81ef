import { listTemplates, type PromptTemplate, systemPromptOf } from '../../chat/templates.ts';
import { AppError } from '../../errors.ts';
import { askerOf, checkLength, settingsAt } from '../asking.ts';
import type { BotCommand } from './command.ts';
import { define, text } from './define.ts';
import { codeBlock, replyText } from './reply.ts';

export const prompt: BotCommand = {
  definition: define(
    'prompt',
    'Show or set the system prompt of this channel',
    {
      text: text('The new system prompt; a dash removes it', { max_length: 4000 }),
      template: text('A named prompt: its system prompt and sampling', { autocomplete: true }),
    },
    'manager',
  ),
  async autocomplete(interaction) {
    const typed = interaction.options.getFocused().toLowerCase();
    const fitting = (await usableTemplates()).filter(({ name }) => name.includes(typed));
    await interaction.respond(
      fitting.slice(0, 25).map(({ name, description }) => ({
        name: [...`${name}: ${description}`].slice(0, 100).join(''),
        value: name,
      })),
    );
  },
  async run(interaction, context) {
    const asker = askerOf(interaction);
    const wanted = interaction.options.getString('text');
    const named = interaction.options.getString('template');
    if (named !== null) {
      const template = await findTemplate(named);
      const { settings } = template;
      context.store.updateChannel(asker.channelId, asker.guildId, {
        prompt: systemPromptOf(template),
        ...(settings.sampling === undefined ? {} : { sampling: settings.sampling }),
        ...(settings.maxTokens === undefined ? {} : { maxTokens: settings.maxTokens }),
      });
      await replyText(interaction, `The prompt “${named}” is set here.`);
      return;
    }
    if (wanted === null) {
      const now = settingsAt(context, asker).prompt ?? '';
      await replyText(
        interaction,
        now === '' ? 'No system prompt is set here.' : `The system prompt here:\n${codeBlock(now)}`,
      );
      return;
    }
    checkLength(context, wanted);
    const removed = /^[-–—]$/.test(wanted.trim());
    context.store.updateChannel(asker.channelId, asker.guildId, { prompt: removed ? '' : wanted });
    await replyText(
      interaction,
      removed ? 'The system prompt is gone.' : 'The system prompt is set; chat engines follow it.',
    );
  },
};

async function usableTemplates(): Promise<PromptTemplate[]> {
  return (await listTemplates()).flatMap((listed) => ('template' in listed ? [listed.template] : []));
}

/** @throws AppError USAGE with the known names. */
async function findTemplate(name: string): Promise<PromptTemplate> {
  const all = await usableTemplates();
  const found = all.find((template) => template.name === name);
  if (found) return found;
  const known = all.map((template) => template.name).join(', ');
  throw new AppError('USAGE', `No prompt is called "${name.slice(0, 100)}". Known prompts: ${known}.`);
}
