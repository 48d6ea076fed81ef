import type { BotCommand } from './command.ts';
import { define } from './define.ts';
import { codeBlock, replyText } from './reply.ts';

export const stats: BotCommand = {
  definition: define('stats', 'What has been generated here', {}, 'home'),
  async run(interaction, context) {
    const rows = context.store.stats(interaction.guildId);
    if (rows.length === 0) {
      await replyText(interaction, 'Nothing has been generated here yet.');
      return;
    }
    const lines = rows.map(
      ({ engine, answers, tokens, tokensPerSecond }) =>
        `${engine.padEnd(14)} ${String(answers).padStart(6)} answers ${String(tokens).padStart(8)} tokens  ${tokensPerSecond.toFixed(1)} tokens/s`,
    );
    await replyText(interaction, codeBlock(lines.join('\n')));
  },
};
