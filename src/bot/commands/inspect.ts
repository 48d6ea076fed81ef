import { AttachmentBuilder } from 'discord.js';
import type { InspectView } from '../../engines/engine.ts';
import { AppError } from '../../errors.ts';
import { describePicture, drawReport, toPng } from '../../pictures/index.ts';
import { askerOf, checkLength, defer, engineAt, settingsAt } from '../asking.ts';
import { sanitiseForDiscord } from '../text/sanitise-discord.ts';
import type { BotCommand } from './command.ts';
import { completeEngineOrModel } from './complete.ts';
import { define, text, whole } from './define.ts';

/** Waiting for a turn, and loading, take at most this long each, in milliseconds. */
const waitMs = 60_000;

/** Discord's longest description of an attachment, in characters. */
const mostAltText = 1_024;

/** More layers and heads than any model has; the engine says how many there are. */
const mostLayers = 1_000;

interface Looked {
  readonly prompt: string;
  readonly layer: number;
  readonly head: number;
}

const views: Readonly<Record<string, (looked: Looked) => InspectView>> = {
  probabilities: ({ prompt }) => ({ type: 'next-token', prompt, top: 20 }),
  heatmap: () => ({ type: 'heatmap' }),
  similarity: () => ({ type: 'similarity' }),
  attention: ({ prompt, layer, head }) => ({ type: 'attention', prompt, layer, head }),
  'logit-lens': ({ prompt }) => ({ type: 'logit-lens', prompt }),
  surprise: ({ prompt }) => ({ type: 'surprise', text: prompt }),
  weights: () => ({ type: 'weights' }),
  topology: () => ({ type: 'topology' }),
};

export const inspect: BotCommand = {
  definition: define('inspect', 'Show what goes on inside a model', {
    view: text('What is shown', {
      required: true,
      choices: Object.keys(views).map((name) => ({ name, value: name })),
    }),
    engine: text('Which engine', { autocomplete: true }),
    prompt: text('The text that the view is about', { max_length: 1000 }),
    layer: whole('For attention: which layer, from 0', 0, mostLayers),
    head: whole('For attention: which head, from 0', 0, mostLayers),
  }),
  autocomplete: completeEngineOrModel,
  async run(interaction, context) {
    const { options } = interaction;
    const prompt = options.getString('prompt') ?? '';
    checkLength(context, prompt);
    const view = views[options.getString('view', true)]?.({
      prompt,
      layer: options.getInteger('layer') ?? 0,
      head: options.getInteger('head') ?? 0,
    });
    if (!view) throw new AppError('USAGE', `There is no such view. Views: ${Object.keys(views).join(', ')}.`);
    await defer(context, interaction, false);
    const asker = askerOf(interaction);
    const { engine, model } = engineAt(
      context,
      settingsAt(context, asker),
      options.getString('engine') ?? undefined,
    );
    using slot = await context.queue.enter({
      engine,
      userId: asker.userId,
      ...(asker.guildId === null ? {} : { guildId: asker.guildId }),
      signal: AbortSignal.timeout(waitMs),
    });
    using loan = await context.pool.borrow(engine, model, slot.number);
    await loan.client.load(AbortSignal.timeout(waitMs));
    const report = await loan.client.inspect(view);
    const description = sanitiseForDiscord(describePicture(report)).slice(0, mostAltText);
    const picture = new AttachmentBuilder(await toPng(drawReport(report)), {
      name: `${view.type}.png`,
      description,
    });
    await interaction.editReply({ content: `-# ${engine} · ${view.type}`, files: [picture] });
  },
};
