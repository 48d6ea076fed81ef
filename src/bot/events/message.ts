import { ChannelType, type Message } from 'discord.js';
import { AppError } from '../../errors.ts';
import { checkAccess, checkLength, engineAt, requestAt, settingsAt } from '../asking.ts';
import { readAttachment } from '../attachments.ts';
import type { BotContext } from '../context.ts';
import { conversationAfter, conversationWith } from '../conversation.ts';
import { safeError } from '../redact.ts';
import type { StoredAnswer } from '../store/types.ts';

/** A message that may be meant for the bot: a mention, a reply to it, one of its threads, or a direct message. */
export async function handleMessage(message: Message, context: BotContext): Promise<void> {
  if (message.author.bot || message.webhookId !== null || message.system) return;
  if (!isForBot(message, context) || !context.store.firstSight(message.id)) return;
  const log = context.log.child({ message: message.id });
  try {
    await answerMessage(message, context);
  } catch (error) {
    if (!(error instanceof AppError))
      log.error({ error: safeError(error, context.redact) }, 'a message was not answered');
    const content =
      error instanceof AppError
        ? `⚠️ ${error.message}${error.hint ? ` ${error.hint}` : ''}`
        : '⚠️ Something went wrong here.';
    await message.reply(content.slice(0, 2_000)).catch((unreachable: unknown) => {
      log.warn({ error: safeError(unreachable, context.redact) }, 'an apology could not be shown');
    });
  }
}

function isForBot(message: Message, context: BotContext): boolean {
  if (message.channel.type === ChannelType.DM) return true;
  if (message.mentions.has(context.client.user, { ignoreEveryone: true, ignoreRoles: true })) return true;
  // with the message-content intent every message in a thread of the bot's own is part of the conversation
  return (
    context.config.messageContent &&
    message.channel.isThread() &&
    message.channel.ownerId === context.client.user.id
  );
}

async function answerMessage(message: Message, context: BotContext): Promise<void> {
  const asker = {
    userId: message.author.id,
    guildId: message.guildId,
    channelId: message.channelId,
    parentId: message.channel.isThread() ? message.channel.parentId : null,
    roles: [...(message.member?.roles.cache.keys() ?? [])],
  };
  checkAccess(context, asker);
  const text = await textOf(message, context);
  if (text === '' && message.reference === null && message.guildId !== null) {
    throw new AppError(
      'USAGE',
      'Write something after my name, or answer one of my messages. `/help` says more.',
    );
  }
  checkLength(context, text);
  const settings = settingsAt(context, asker);
  const before = previousAnswer(message, context);
  const past = before ? conversationAfter(before) : await quoted(message);
  if (message.channel.isSendable()) await message.channel.sendTyping().catch(() => {});
  await context.answers.ask({
    ...asker,
    ...engineAt(context, settings, settings.engine ?? before?.engine),
    place: { kind: 'message', replyTo: message.id },
    request: requestAt(context, settings, conversationWith(past, text)),
  });
}

async function textOf(message: Message, context: BotContext): Promise<string> {
  const mention = new RegExp(`<@!?${context.client.user.id}>`, 'g');
  const words = message.content.replace(mention, '').trim();
  const { attachmentBytes } = context.config.limits;
  const documents: string[] = [];
  for (const attachment of message.attachments.values()) {
    documents.push(await readAttachment(attachment, attachmentBytes, context.config.api));
  }
  return [...documents, words].filter((part) => part !== '').join('\n\n');
}

/** The answer that this message goes on from: the one replied to, else the last in a thread or direct messages. */
function previousAnswer(message: Message, context: BotContext): StoredAnswer | undefined {
  const repliedTo = message.reference?.messageId;
  if (repliedTo !== undefined) {
    const answer = context.store.answerOfMessage(repliedTo);
    return answer && message.reference?.channelId === message.channelId ? answer : undefined;
  }
  const isConversation = message.channel.type === ChannelType.DM || message.channel.isThread();
  return isConversation ? context.store.lastAnswerIn(message.channelId) : undefined;
}

/** Somebody's message that is replied to while the bot is mentioned is what the question is about. */
async function quoted(message: Message) {
  if (message.reference === null) return [];
  const referenced = await message.fetchReference().catch(() => undefined);
  return referenced && referenced.content !== ''
    ? [{ role: 'user' as const, content: referenced.content }]
    : [];
}
