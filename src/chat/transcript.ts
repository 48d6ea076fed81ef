/** A conversation as a file: plain text, Markdown, or JSON, which can be read back with all its branches. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { sanitise, sanitiseLine } from './sanitise.ts';
import { chatSettingsSchema, settingsOf } from './settings.ts';
import type { Store } from './store/store.ts';
import { MessageTree } from './tree.ts';
import type { Conversation, StoredMessage } from './types.ts';

export type TranscriptFormat = 'text' | 'markdown' | 'json';

/** Version of the JSON form; a change that an older reader cannot take raises it. */
const jsonVersion = 1;
const mostMessages = 1_000_000;

/** Text and Markdown hold the branch that is shown; JSON holds all branches. */
export function exportConversation(conversation: Conversation, format: TranscriptFormat): string {
  switch (format) {
    case 'text':
      return shown(conversation)
        .map((message) => `${speaker(message)}: ${sanitise(message.content)}\n`)
        .join('\n');
    case 'markdown':
      return toMarkdown(conversation);
    case 'json':
      return `${JSON.stringify({ babble: jsonVersion, ...conversation }, undefined, 2)}\n`;
    default:
      return format satisfies never;
  }
}

const id = z.string().min(1).max(200);
const date = z.iso.datetime();
const usageSchema = z.object({
  promptTokens: z.number(),
  generatedTokens: z.number(),
  cachedTokens: z.number().optional(),
  firstTokenMs: z.number(),
  tokensPerSecond: z.number(),
});
const messageSchema = z.object({
  id,
  parentId: id.nullable(),
  role: z.enum(['system', 'user', 'assistant']),
  content: z.string(),
  createdAt: date,
  engineId: z.string().optional(),
  modelId: z.string().optional(),
  reason: z.enum(['stop', 'length', 'context', 'abort']).nullable().optional(),
  usage: usageSchema.optional(),
  seed: z.int().nonnegative().optional(),
});
const fileSchema = z.object({
  babble: z.literal(jsonVersion),
  summary: z.object({ title: z.string(), engineId: z.string(), modelId: z.string(), createdAt: date }),
  settings: chatSettingsSchema,
  head: id.nullable(),
  messages: z.array(messageSchema).max(mostMessages),
});

/**
 * Puts a conversation that was exported as JSON into the store as a new one, its texts cleaned.
 * @returns its id.
 * @throws AppError FILE_INVALID when the text is not such a file; STORE_FAILED.
 */
export function importConversation(json: string, store: Store, origin = ''): string {
  const { summary, settings, head, messages } = parseFile(json);
  const newIds = new Map(messages.map((message) => [message.id, randomUUID()]));
  if (newIds.size < messages.length) throw invalid('two messages have the same id');
  const conversationId = randomUUID();
  const seen = new Set<string>();
  store.transaction(() => {
    store.createConversation({
      id: conversationId,
      origin,
      engineId: sanitiseLine(summary.engineId),
      modelId: sanitiseLine(summary.modelId),
      settings: settingsOf(settings),
      createdAt: summary.createdAt,
    });
    for (const message of messages) {
      if (message.parentId !== null && !seen.has(message.parentId))
        throw invalid(`message ${sanitiseLine(message.id)} stands before its parent, or has none`);
      seen.add(message.id);
      const parentId = message.parentId === null ? null : newIds.get(message.parentId)!;
      const content = sanitise(message.content);
      store.addMessage(conversationId, {
        ...(message as StoredMessage),
        id: newIds.get(message.id)!,
        parentId,
        content,
      });
    }
    if (head !== null && !newIds.has(head)) throw invalid('its head is none of its messages');
    store.updateConversation(conversationId, {
      head: head === null ? null : newIds.get(head)!,
      title: sanitiseLine(summary.title) || 'Untitled',
    });
  });
  return conversationId;
}

function parseFile(json: string): z.infer<typeof fileSchema> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw invalid('it is no JSON', error);
  }
  const result = fileSchema.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw invalid(sanitiseLine(`${path.join('.') || 'file'}: ${message}`), result.error);
}

function invalid(what: string, cause?: unknown): AppError {
  return new AppError('FILE_INVALID', `The file holds no conversation that babble can read: ${what}.`, {
    hint: 'Import a file that babble exported as JSON.',
    cause,
  });
}

function toMarkdown(conversation: Conversation): string {
  const { title, createdAt } = conversation.summary;
  const sections = shown(conversation).map(
    (message) => `**${speaker(message)}**\n\n${sanitise(message.content)}\n`,
  );
  return [`# ${sanitiseLine(title)}\n`, `*${createdAt}*\n`, ...sections].join('\n');
}

function shown({ messages, head }: Conversation): readonly StoredMessage[] {
  return new MessageTree(messages).path(head);
}

function speaker({ role, modelId }: StoredMessage): string {
  if (role === 'user') return 'You';
  return role === 'system' ? 'System' : sanitiseLine(modelId ?? 'Assistant');
}
