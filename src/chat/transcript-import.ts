/** Reads a conversation back from the file that transcript.ts wrote. The file is not trusted. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { sanitise, sanitiseLine } from './sanitise.ts';
import { chatSettingsSchema, settingsOf } from './settings.ts';
import type { Store } from './store/store.ts';
import { jsonVersion } from './transcript.ts';
import type { StoredMessage } from './types.ts';

const mostMessages = 1_000_000;

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

type ConversationFile = Omit<z.infer<typeof fileSchema>, 'babble'>;

/**
 * Puts a conversation that was exported as JSON or Markdown into the store as a new one, its texts cleaned.
 * Markdown holds one branch, without the figures and settings.
 * @returns its id.
 * @throws AppError FILE_INVALID when the text is not such a file; STORE_FAILED.
 */
export function importConversation(text: string, store: Store, origin = ''): string {
  const { summary, settings, head, messages } = /^\s*[{[]/.test(text) ? parseJson(text) : parseMarkdown(text);
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

function parseJson(json: string): ConversationFile {
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

const speakerLine = /^\*\*(.+)\*\*$/;

/** The inverse of the Markdown export: a title, a date, then each speaker's name in bold over what they said. */
function parseMarkdown(text: string): ConversationFile {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const title = /^# (.+)$/.exec(lines[0] ?? '')?.[1];
  const createdAt = /^\*(.+)\*$/.exec(lines[2] ?? '')?.[1];
  if (title === undefined || !date.safeParse(createdAt).success)
    throw invalid('it begins neither as JSON nor with a title and a date');
  const starts = [...lines.keys()].filter((index) => index > 2 && speakerLine.test(lines[index]!));
  if (starts.length > mostMessages) throw invalid(`it has more than ${mostMessages} messages`);
  const messages = starts.map((start, index) => {
    const [, speaker = ''] = speakerLine.exec(lines[start]!)!;
    const content = lines
      .slice(start + 2, (starts[index + 1] ?? lines.length) - 1)
      .map((line) => line.replace(/^\\(?=\\*\*\*.+\*\*$)/, ''))
      .join('\n');
    return {
      id: String(index),
      parentId: index === 0 ? null : String(index - 1),
      content,
      createdAt: createdAt!,
      ...readSpeaker(speaker),
    };
  });
  const last = messages.findLast(({ role }) => role === 'assistant');
  if (!last?.engineId || !last.modelId) throw invalid('it has no answer that names its engine');
  return {
    summary: { title, engineId: last.engineId, modelId: last.modelId, createdAt: createdAt! },
    settings: {},
    head: messages.at(-1)!.id,
    messages,
  };
}

function readSpeaker(speaker: string): Pick<StoredMessage, 'role' | 'engineId' | 'modelId' | 'reason'> {
  if (speaker === 'You') return { role: 'user' };
  if (speaker === 'System') return { role: 'system' };
  const [engineId = '', ...model] = speaker.split(' ');
  return { role: 'assistant', engineId, modelId: model.join(' ') || engineId, reason: 'stop' };
}

function invalid(what: string, cause?: unknown): AppError {
  return new AppError('FILE_INVALID', `The file holds no conversation that babble can read: ${what}.`, {
    hint: 'Import a file that babble exported as JSON or Markdown.',
    cause,
  });
}
