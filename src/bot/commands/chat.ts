import { ChannelType, MessageFlags } from 'discord.js';
import { sanitiseLine } from '../../chat/sanitise.ts';
import { AppError } from '../../errors.ts';
import { askerOf, checkLength, engineAt, requestAt, settingsAt } from '../asking.ts';
import { conversationWith } from '../conversation.ts';
import type { BotCommand } from './command.ts';
import { completeEngineOrModel } from './complete.ts';
import { define, text } from './define.ts';

export const chat: BotCommand = {
  definition: define(
    'chat',
    'Open a thread for a conversation',
    {
      prompt: text('What the conversation begins with', { required: true, max_length: 6000 }),
      engine: text('Which engine answers', { autocomplete: true }),
    },
    'home',
  ),
  autocomplete: completeEngineOrModel,
  async run(interaction, context) {
    await interaction.deferReply({ flags: MessageFlags.Ephemeral });
    const prompt = interaction.options.getString('prompt', true);
    checkLength(context, prompt);
    const channel = interaction.channel;
    if (channel?.type !== ChannelType.GuildText) {
      throw new AppError('USAGE', 'A thread can be opened in a text channel of a server only.', {
        hint: 'Here you can simply write to me.',
      });
    }
    const asker = askerOf(interaction);
    const settings = settingsAt(context, asker);
    const chosen = engineAt(context, settings, interaction.options.getString('engine') ?? undefined);
    const name = [...sanitiseLine(prompt)].slice(0, 80).join('') || 'A conversation';
    const thread = await channel.threads.create({ name, reason: `Opened with /chat` });
    context.store.updateChannel(thread.id, interaction.guildId, chosen);
    const how = context.config.messageContent
      ? 'Just write there.'
      : 'Mention me in each message there, so that I may read it.';
    await interaction.editReply(`<#${thread.id}> is open. ${how}`);
    await context.answers.ask({
      ...asker,
      ...chosen,
      channelId: thread.id,
      place: { kind: 'message', replyTo: null },
      question: prompt,
      request: requestAt(context, settings, conversationWith([], prompt)),
    });
  },
};
