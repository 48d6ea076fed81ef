import { resolveModel } from '../../catalogue/catalogue.ts';
import { askerOf, checkModel, engineAt, settingsAt } from '../asking.ts';
import type { BotCommand } from './command.ts';
import { completeEngineOrModel } from './complete.ts';
import { define, text } from './define.ts';
import { replyText } from './reply.ts';

export const engine: BotCommand = {
  definition: define(
    'engine',
    'Show or switch the engine of this channel',
    {
      engine: text('The engine that answers from now on', { autocomplete: true }),
      model: text('The model it loads', { autocomplete: true }),
    },
    'manager',
  ),
  autocomplete: completeEngineOrModel,
  async run(interaction, context) {
    const asker = askerOf(interaction);
    const wanted = interaction.options.getString('engine');
    if (wanted === null) {
      const now = engineAt(context, settingsAt(context, asker));
      // the owner may have set a path, which is nobody else's business
      const { id } = await resolveModel(now.engine, now.model);
      await replyText(interaction, `${id} answers here, on the engine ${now.engine}.`);
      return;
    }
    const named = interaction.options.getString('model');
    await checkModel(named);
    const model = await resolveModel(wanted, named ?? undefined);
    context.store.updateChannel(asker.channelId, asker.guildId, { engine: wanted, model: model.id });
    await replyText(
      interaction,
      `From now on ${model.id} answers here, on the engine ${wanted}. The conversation goes on.`,
    );
  },
};
