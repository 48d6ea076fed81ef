import { askerOf, checkLength, settingsAt } from '../asking.ts';
import type { BotCommand } from './command.ts';
import { define, text } from './define.ts';
import { codeBlock, replyText } from './reply.ts';

export const prompt: BotCommand = {
  definition: define(
    'prompt',
    'Show or set the system prompt of this channel',
    { text: text('The new system prompt; a dash removes it', { max_length: 4000 }) },
    'manager',
  ),
  async run(interaction, context) {
    const asker = askerOf(interaction);
    const wanted = interaction.options.getString('text');
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
