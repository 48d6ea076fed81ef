import { listModels } from '../../catalogue/catalogue.ts';
import type { EngineInfo } from '../../engines/engine.ts';
import { passFilter } from '../answers/filter.ts';
import { askerOf, defer } from '../asking.ts';
import type { BotContext } from '../context.ts';
import type { BotCommand } from './command.ts';
import { define, whole } from './define.ts';
import { replyText } from './reply.ts';

/** A names model knows a handful of letters and reads a few of them. */
const isNamesModel = (info: { trainedOn?: string }) => info.trainedOn?.includes('names') ?? false;

export const names: BotCommand = {
  definition: define('names', 'Ten names from each of the small models', {
    seed: whole('Same seed, same names', 0, Number.MAX_SAFE_INTEGER),
  }),
  async run(interaction, context) {
    await context.queue.charge(interaction.user.id);
    await defer(context, interaction, false);
    const seed = interaction.options.getInteger('seed') ?? 1337;
    const models = (await listModels()).filter((model) => !model.error && isNamesModel(model));
    const lines: string[] = [];
    for (const model of models) {
      const asker = askerOf(interaction);
      const drawn = await drawNames(context, model.engine, model.id, seed, asker);
      lines.push(`**${model.id}**: ${await passFilter(context.filter, drawn.join(', '))}`);
      await interaction.editReply(lines.join('\n'));
    }
    if (lines.length === 0) await replyText(interaction, 'There is no names model on this machine.');
    else await interaction.editReply(`${lines.join('\n')}\n-# seed ${seed}`);
  },
};

async function drawNames(
  context: BotContext,
  engine: string,
  modelId: string,
  seed: number,
  asker: { userId: string; guildId: string | null },
): Promise<string[]> {
  const signal = AbortSignal.timeout(60_000);
  const { guildId, userId } = asker;
  using slot = await context.queue.enter({
    engine,
    userId,
    ...(guildId === null ? {} : { guildId }),
    signal,
    charged: true,
  });
  using loan = await context.pool.borrow(engine, modelId, slot.number);
  const info: EngineInfo = await loan.client.load(signal);
  const drawn: string[] = [];
  const request = {
    prompt: '',
    maxTokens: Math.min(32, info.contextLength * 32),
    samples: 10,
    sampling: { seed },
    signal,
  };
  for await (const part of loan.client.generate(request)) {
    if (part.type === 'text-delta') drawn[part.sample] = (drawn[part.sample] ?? '') + part.text;
  }
  return drawn.map((name) => name.replace(/[^\p{L}' -]/gu, ''));
}
