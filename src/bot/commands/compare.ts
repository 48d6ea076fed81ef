import { escapeMarkdown } from 'discord.js';
import { listModels } from '../../catalogue/catalogue.ts';
import { findEngine } from '../../engines/registry.ts';
import { AppError } from '../../errors.ts';
import { Display } from '../answers/display.ts';
import { passFilter } from '../answers/filter.ts';
import { generateAnswer } from '../answers/generate.ts';
import { openPlace, type Payload } from '../answers/place.ts';
import { describeUsage } from '../answers/render.ts';
import { askerOf, checkLength, defer, requestAt, settingsAt } from '../asking.ts';
import type { BotContext } from '../context.ts';
import { conversationWith } from '../conversation.ts';
import { sanitiseForDiscord } from '../text/sanitise-discord.ts';
import type { BotCommand } from './command.ts';
import { define, text } from './define.ts';

/** Models up to this size are compared when none is named. */
const smallModel = 20_000_000;
const mostEngines = 5;

interface Column {
  readonly engine: string;
  text: string;
  footer: string;
}

export const compare: BotCommand = {
  definition: define('compare', 'Ask several engines the same question', {
    prompt: text('What all of them answer or go on from', { required: true, max_length: 6000 }),
    engines: text('Names of engines, with spaces between; empty takes all small ones', { max_length: 200 }),
  }),
  async run(interaction, context) {
    await context.queue.charge(interaction.user.id);
    const place = await defer(context, interaction, false);
    const prompt = interaction.options.getString('prompt', true);
    checkLength(context, prompt);
    const columns = (await chooseEngines(interaction.options.getString('engines'))).map(
      (engine): Column => ({ engine, text: '', footer: 'waiting' }),
    );
    const asker = askerOf(interaction);
    const view = openPlace(interaction.client.rest, place, { answerId: interaction.id, ...asker });
    const display = new Display(view, { intervalMs: context.editIntervalMs, onMessages: () => {} });
    const request = requestAt(context, settingsAt(context, asker), conversationWith([], prompt));
    await Promise.all(
      columns.map((column) =>
        runColumn(context, column, request, asker, () => display.show([render(prompt, columns)])).catch(
          (error: unknown) => {
            column.footer = error instanceof AppError ? `⚠️ ${error.message}` : '⚠️ this engine failed';
          },
        ),
      ),
    );
    await display.finish([render(prompt, columns)]);
  },
};

async function chooseEngines(named: string | null): Promise<string[]> {
  const wanted = named?.split(/[\s,]+/).filter((name) => name !== '') ?? [];
  const small = (await listModels()).filter(
    (model) => !model.error && model.source === 'shipped' && model.parameterCount <= smallModel,
  );
  const engines = [
    ...new Set(
      wanted.length > 0 ? wanted.map((name) => findEngine(name).id) : small.map(({ engine }) => engine),
    ),
  ];
  if (engines.length < 2) throw new AppError('USAGE', 'Name at least two engines to compare.');
  return engines.slice(0, mostEngines);
}

async function runColumn(
  context: BotContext,
  column: Column,
  request: ReturnType<typeof requestAt>,
  asker: { userId: string; guildId: string | null },
  changed: () => void,
): Promise<void> {
  const { engine } = column;
  const signal = AbortSignal.timeout(10 * 60_000);
  const guild = asker.guildId === null ? {} : { guildId: asker.guildId };
  using slot = await context.queue.enter({ engine, userId: asker.userId, ...guild, signal, charged: true });
  using loan = await context.pool.borrow(engine, undefined, slot.number);
  let words = '';
  for await (const part of generateAnswer(loan.client, request, signal)) {
    if (part.type === 'text-delta') {
      words += part.text;
      // what a content filter has not passed is not shown
      if (!context.filter) column.text = words;
    } else if (part.type === 'finish')
      column.footer = describeUsage(engine, {
        tokens: part.usage.generatedTokens,
        tokensPerSecond: part.usage.tokensPerSecond,
      });
    changed();
  }
  column.text = await passFilter(context.filter, words);
}

function render(prompt: string, columns: readonly Column[]): Payload {
  const head = `> ${escapeMarkdown([...sanitiseForDiscord(prompt).replace(/\s+/g, ' ')].slice(0, 200).join(''))}`;
  // every column gets an equal share of what one message holds
  const room = Math.floor((1_900 - head.length) / columns.length) - 80;
  const parts = columns.map(({ engine, text: words, footer }) => {
    const shown = [...sanitiseForDiscord(words).replaceAll('```', "'''")];
    const cut = shown.length > room ? `${shown.slice(0, room).join('')}…` : shown.join('');
    return `**${engine}**\n${cut}\n-# ${footer.slice(0, 60)}`;
  });
  return { content: [head, ...parts].join('\n').slice(0, 2_000), components: [] };
}
