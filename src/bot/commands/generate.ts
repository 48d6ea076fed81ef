import { askerOf, checkLength, checkModel, defer, engineAt, requestAt, settingsAt } from '../asking.ts';
import { readAttachment } from '../attachments.ts';
import { conversationWith } from '../conversation.ts';
import type { BotCommand } from './command.ts';
import { completeEngineOrModel } from './complete.ts';
import { decimal, define, file, flag, text, whole } from './define.ts';

export const generate: BotCommand = {
  definition: define('generate', 'Let a language model answer a text or go on from it', {
    prompt: text('What to answer or go on from; empty starts from nothing', { max_length: 6000 }),
    engine: text('Which engine answers', { autocomplete: true }),
    model: text('Which model the engine loads', { autocomplete: true }),
    max_tokens: whole('Longest answer, in tokens', 1, 100_000),
    temperature: decimal('0 takes the likeliest token every time', 0, 10),
    seed: whole('Same seed, same text', 0, Number.MAX_SAFE_INTEGER),
    private: flag('Only you see the answer'),
    attach: file('A text file that goes before your text'),
  }),
  autocomplete: completeEngineOrModel,
  async run(interaction, context) {
    const options = interaction.options;
    const place = await defer(context, interaction, options.getBoolean('private') ?? false);
    const attached = options.getAttachment('attach');
    const { attachmentBytes } = context.config.limits;
    const document = attached ? await readAttachment(attached, attachmentBytes, context.config.api) : '';
    const prompt = options.getString('prompt') ?? '';
    checkLength(context, prompt);
    const asker = askerOf(interaction);
    const settings = settingsAt(context, asker);
    const chosen = engineAt(context, settings, options.getString('engine') ?? undefined);
    const model = options.getString('model');
    await checkModel(model);
    const temperature = options.getNumber('temperature');
    const seed = options.getInteger('seed');
    await context.answers.ask({
      ...asker,
      ...chosen,
      ...(model === null ? {} : { model }),
      place,
      question: prompt,
      request: requestAt(
        context,
        settings,
        conversationWith([], [document, prompt].filter((part) => part !== '').join('\n\n')),
        {
          sampling: { ...(temperature === null ? {} : { temperature }), ...(seed === null ? {} : { seed }) },
          maxTokens: options.getInteger('max_tokens') ?? undefined,
        },
      ),
    });
  },
};
