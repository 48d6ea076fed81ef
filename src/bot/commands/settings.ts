import { askerOf, settingsAt } from '../asking.ts';
import type { BotCommand } from './command.ts';
import { decimal, define, flag, whole } from './define.ts';
import { codeBlock, replyText } from './reply.ts';

export const settings: BotCommand = {
  definition: define(
    'settings',
    'Show or change the settings of this channel',
    {
      temperature: decimal('0 takes the likeliest token every time', 0, 10),
      top_k: whole('Keep the k likeliest tokens; 0 keeps all', 0, 100_000),
      top_p: decimal('Keep the likeliest tokens up to this sum; 1 keeps all', 0, 1),
      max_tokens: whole('Longest answer, in tokens', 1, 100_000),
      reset: flag('Everything as it was at the start'),
    },
    'manager',
  ),
  async run(interaction, context) {
    const asker = askerOf(interaction);
    const { options } = interaction;
    if (options.getBoolean('reset')) {
      context.store.resetChannel(asker.channelId);
      await replyText(interaction, 'Everything here is as it was at the start.');
      return;
    }
    const now = settingsAt(context, asker);
    const temperature = options.getNumber('temperature');
    const topK = options.getInteger('top_k');
    const topP = options.getNumber('top_p');
    const maxTokens = options.getInteger('max_tokens');
    const sampling = {
      ...now.sampling,
      ...(temperature === null ? {} : { temperature }),
      ...(topK === null ? {} : { topK }),
      ...(topP === null ? {} : { topP }),
    };
    const changed = [temperature, topK, topP, maxTokens].some((value) => value !== null);
    const after = changed
      ? context.store.updateChannel(asker.channelId, asker.guildId, {
          sampling,
          ...(maxTokens === null ? {} : { maxTokens }),
        })
      : now;
    const lines = Object.entries({
      engine: after.engine,
      model: after.model,
      ...after.sampling,
      maxTokens: after.maxTokens,
    })
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name} = ${value}`);
    await replyText(
      interaction,
      lines.length === 0 ? 'Everything here is at its default.' : codeBlock(lines.join('\n')),
    );
  },
};
