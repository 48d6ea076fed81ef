import type { BotCommand } from './command.ts';
import { define } from './define.ts';
import { replyText } from './reply.ts';

export const forget: BotCommand = {
  definition: define('forget', 'Delete everything the bot has kept of you'),
  async run(interaction, context) {
    // what is being written would be kept again otherwise
    context.answers.stopAllOf(interaction.user.id);
    const count = context.store.forgetUser(interaction.user.id);
    const what =
      count === 0 ? 'Nothing of yours was kept.' : `${count} question(s) and answer(s) of yours are deleted.`;
    await replyText(interaction, `${what} Messages in Discord stay until you delete them there.`);
  },
};
