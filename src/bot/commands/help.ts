import type { BotCommand } from './command.ts';
import { define } from './define.ts';
import { replyText } from './reply.ts';

export const help: BotCommand = {
  definition: define('help', 'What this bot can do'),
  async run(interaction, context) {
    const content = context.config.messageContent
      ? 'Answer one of my messages and I go on with the conversation.'
      : 'Mention me when you answer one of my messages: without that I may not read it.';
    await replyText(
      interaction,
      `I let language models of every size talk, from a table of 729 numbers to LLaMA, all on one machine at home.

**/generate** asks a model or lets it go on from a text. The small ones write names; leave the prompt empty for a new one.
**/chat** opens a thread for a conversation. ${content} In direct messages simply write.
**/compare** asks several engines at once. **/names** draws ten names from each small model. **/inspect** looks inside one.
**/models** lists what there is, **/stats** what was written here.
**/engine**, **/prompt** and **/settings** change how this channel is answered.
**/forget** deletes what I have kept of you.

What a model writes is invented: check it before you rely on it.`,
    );
  },
};
