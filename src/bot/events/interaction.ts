import { type Interaction, MessageFlags, type RepliableInteraction } from 'discord.js';
import { AppError } from '../../errors.ts';
import { parseButton } from '../answers/buttons.ts';
import { askerOf, checkAccess, checkLength, defer, requestAt, settingsAt } from '../asking.ts';
import { commands, continueMenu } from '../commands/index.ts';
import type { BotContext } from '../context.ts';
import { conversationAfter, conversationWith } from '../conversation.ts';
import { safeError } from '../redact.ts';
import { again, checkSees, pressButton } from './buttons.ts';
import { offerEngines, pickedEngine } from './pick.ts';
import { recallText, rememberText } from './remembered.ts';

const commandsByName = new Map(commands.map((command) => [command.definition.name, command]));

/** Every interaction comes through here: it is answered once, and a failure is told to the asker. */
export async function handleInteraction(interaction: Interaction, context: BotContext): Promise<void> {
  const name = describe(interaction);
  const log = context.log.child({ interaction: interaction.id, name });
  try {
    if (interaction.isAutocomplete()) {
      await commandsByName.get(interaction.commandName)?.autocomplete?.(interaction, context);
      return;
    }
    if (!interaction.isRepliable()) return;
    context.metrics.interactions.inc({ command: name });
    checkAccess(context, askerOf(interaction as Parameters<typeof askerOf>[0]));
    await dispatch(interaction, context);
    log.debug('interaction handled');
  } catch (error) {
    if (interaction.isRepliable()) await apologise(interaction, error, context);
    if (!(error instanceof AppError))
      log.error({ error: safeError(error, context.redact) }, 'an interaction failed');
  }
}

async function dispatch(interaction: RepliableInteraction, context: BotContext): Promise<void> {
  if (interaction.isChatInputCommand()) {
    const command = commandsByName.get(interaction.commandName);
    if (!command)
      throw new AppError('USAGE', 'This command is gone. The bot’s owner can run `babble bot --register`.');
    return command.run(interaction, context);
  }
  if (interaction.isMessageContextMenuCommand() && interaction.commandName === continueMenu) {
    const target = interaction.targetMessage;
    const answer = context.store.answerOfMessage(target.id);
    const text = target.content;
    if (!answer && text === '')
      throw new AppError('USAGE', 'There is no text in this message to go on from.');
    const subject = answer ? `after:${answer.id}` : `text:${rememberText(text)}`;
    return offerEngines(interaction, subject, 'Which engine shall go on from here?');
  }
  if (interaction.isMessageComponent()) {
    const button = parseButton(interaction.customId);
    if (button) return pressButton(interaction, button.action, button.answerId, context);
    const picked = pickedEngine(interaction);
    if (picked) return continueWith(interaction, picked, context);
  }
  throw new AppError('USAGE', 'This button is from an older version of the bot and does nothing any more.');
}

async function continueWith(
  interaction: Parameters<typeof again>[0],
  picked: { subject: string; engine: string },
  context: BotContext,
): Promise<void> {
  const [kind, key = ''] = picked.subject.split(':');
  if (kind === 'text') {
    const text = recallText(key);
    if (text === undefined)
      throw new AppError('USAGE', 'This menu has expired. Open it on the message again.');
    checkLength(context, text);
    const asker = askerOf(interaction);
    const place = await defer(context, interaction, false);
    const request = requestAt(context, settingsAt(context, asker), conversationWith([], text));
    await context.answers.ask({ ...asker, engine: picked.engine, place, question: text, request });
    return;
  }
  const answer = context.store.findAnswer(key);
  if (!answer) throw new AppError('USAGE', 'This answer is no longer kept.');
  checkSees(interaction, answer);
  const messages = kind === 'after' ? conversationAfter(answer) : answer.request.messages;
  await again(interaction, context, answer, { messages, freshSeed: true, engine: picked.engine });
}

async function apologise(
  interaction: RepliableInteraction,
  error: unknown,
  context: BotContext,
): Promise<void> {
  const known = error instanceof AppError && error.code !== 'INTERNAL';
  const hint = known && error.hint ? ` ${error.hint}` : '';
  const content = known
    ? `⚠️ ${error.message}${hint}`.slice(0, 2_000)
    : '⚠️ Something went wrong here. It is in the bot’s log.';
  const send =
    interaction.deferred || interaction.replied
      ? interaction.editReply({ content, components: [] })
      : interaction.reply({ content, flags: MessageFlags.Ephemeral });
  await send.catch((unreachable: unknown) => {
    context.log.warn({ error: safeError(unreachable, context.redact) }, 'an apology could not be shown');
  });
}

function describe(interaction: Interaction): string {
  if (interaction.isCommand() || interaction.isAutocomplete()) return interaction.commandName;
  if (interaction.isMessageComponent()) return parseButton(interaction.customId)?.action ?? 'pick';
  return 'other';
}
