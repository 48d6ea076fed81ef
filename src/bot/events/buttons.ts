import { type MessageComponentInteraction, MessageFlags, PermissionFlagsBits } from 'discord.js';
import type { TokenProbability } from '../../engines/engine.ts';
import type { EngineClient } from '../../engines/host/types.ts';
import { findEngine } from '../../engines/registry.ts';
import { AppError } from '../../errors.ts';
import type { AnswerAction } from '../answers/buttons.ts';
import { askerOf, defer } from '../asking.ts';
import { codeBlock } from '../commands/reply.ts';
import type { BotContext } from '../context.ts';
import { completionPrompt, conversationAfter } from '../conversation.ts';
import type { StoredAnswer } from '../store/types.ts';
import { sanitiseForDiscord } from '../text/sanitise-discord.ts';
import { offerEngines } from './pick.ts';

/** A look inside waits this long for its turn, and then for the engine, in milliseconds. */
const lookMs = 60_000;

/** How many of the likeliest tokens are shown, and how wide their bars are. */
const shownTokens = 12;
const barWidth = 20;

/** A press on a button under an answer. */
export async function pressButton(
  interaction: MessageComponentInteraction,
  action: AnswerAction,
  answerId: string,
  context: BotContext,
): Promise<void> {
  const answer = context.store.findAnswer(answerId);
  if (!answer) throw new AppError('USAGE', 'This answer is no longer kept, so its buttons do nothing.');
  checkSees(interaction, answer);
  switch (action) {
    case 'stop':
      return stop(interaction, answer, context);
    case 'regenerate':
      return again(interaction, context, answer, { messages: answer.request.messages, freshSeed: true });
    case 'continue':
      return again(interaction, context, answer, { messages: conversationAfter(answer), freshSeed: false });
    case 'engine':
      return offerEngines(interaction, `answer:${answer.id}`, 'Which engine shall answer the same?');
    case 'probabilities':
      return showProbabilities(interaction, answer, context);
    default:
      action satisfies never;
  }
}

/**
 * Whoever uses an answer must be able to see it: a private one is its asker's, and none crosses to another server.
 * @throws AppError USAGE.
 */
export function checkSees(
  interaction: { readonly user: { readonly id: string }; readonly guildId: string | null },
  answer: Pick<StoredAnswer, 'userId' | 'guildId' | 'place'>,
): void {
  const isPrivate = answer.place.kind === 'interaction' && answer.place.private;
  const mine = answer.userId === interaction.user.id;
  if (mine || (!isPrivate && answer.guildId !== null && answer.guildId === interaction.guildId)) return;
  throw new AppError('USAGE', 'This answer belongs to somebody else.');
}

/** The same question again, on the same or another engine. */
export async function again(
  interaction: MessageComponentInteraction,
  context: BotContext,
  answer: StoredAnswer,
  change: { messages: StoredAnswer['request']['messages']; freshSeed: boolean; engine?: string },
): Promise<void> {
  const asker = askerOf(interaction);
  const isPrivate = answer.place.kind === 'interaction' && answer.place.private;
  const place = await defer(context, interaction, isPrivate);
  const { seed: _, ...sampling } = answer.request.sampling;
  const engine = change.engine ?? answer.engine;
  await context.answers.ask({
    ...asker,
    engine,
    ...(engine === answer.engine && answer.model !== '' ? { model: answer.model } : {}),
    place,
    question: change.messages.at(-1)?.content ?? '',
    request: {
      ...answer.request,
      messages: change.messages,
      sampling: change.freshSeed ? sampling : answer.request.sampling,
    },
  });
}

async function stop(
  interaction: MessageComponentInteraction,
  answer: StoredAnswer,
  context: BotContext,
): Promise<void> {
  const moderator = interaction.memberPermissions?.has(PermissionFlagsBits.ManageMessages) ?? false;
  if (interaction.user.id !== answer.userId && !moderator) {
    throw new AppError('USAGE', 'Only the person who asked, or a moderator, can stop this answer.');
  }
  await interaction.deferUpdate();
  context.answers.stop(answer.id);
}

async function showProbabilities(
  interaction: MessageComponentInteraction,
  answer: StoredAnswer,
  context: BotContext,
): Promise<void> {
  await interaction.deferReply({ flags: MessageFlags.Ephemeral });
  const prompt = completionPrompt(answer.request.messages);
  const { userId, guildId } = askerOf(interaction);
  // a look inside takes its turn like an answer: it would start one more engine otherwise
  using slot = await context.queue.enter({
    engine: answer.engine,
    userId,
    ...(guildId === null ? {} : { guildId }),
    signal: AbortSignal.timeout(lookMs),
  });
  const model = answer.model === '' ? undefined : answer.model;
  using loan = await context.pool.borrow(answer.engine, model, slot.number);
  const tokens = await nextTokens(loan.client, prompt);
  const head =
    prompt === ''
      ? 'The first token'
      : `After “${sanitiseForDiscord(prompt).replace(/\s+/g, ' ').slice(-60)}”`;
  await interaction.editReply(`${head}, by ${answer.engine}:\n${codeBlock(describeTokens(tokens))}`);
}

/** The likeliest tokens after a text: looked up in the engine, or where that cannot be, asked for with one token. */
async function nextTokens(client: EngineClient, prompt: string): Promise<readonly TokenProbability[]> {
  const signal = AbortSignal.timeout(lookMs);
  const { id } = await client.load(signal);
  if (findEngine(id).views.includes('next-token')) {
    const report = await client.inspect({ type: 'next-token', prompt, top: shownTokens });
    if (report.type === 'distribution') return report.tokens;
  }
  const request = { prompt, maxTokens: 1, sampling: {}, topProbabilities: shownTokens, signal };
  for await (const part of client.generate(request)) {
    if (part.type === 'text-delta' && part.candidates?.[0]) return part.candidates[0];
  }
  throw new AppError('ENGINE_UNSUPPORTED', 'This engine shows no probabilities.');
}

function describeTokens(tokens: readonly TokenProbability[]): string {
  const most = tokens[0]?.probability ?? 1;
  return tokens
    .slice(0, shownTokens)
    .map(({ text, probability }) => {
      const bar = '█'.repeat(Math.max(1, Math.round((probability / most) * barWidth)));
      return `${JSON.stringify(sanitiseForDiscord(text)).slice(0, 14).padEnd(14)} ${(probability * 100).toFixed(1).padStart(5)} % ${bar}`;
    })
    .join('\n');
}
