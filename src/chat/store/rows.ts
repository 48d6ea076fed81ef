/** Rows of the database as the chat's types, and the other way round. */
import { z } from 'zod';
import type { Usage } from '../../engines/engine.ts';
import { parseChatSettings } from '../settings.ts';
import { titleFrom } from '../title.ts';
import type { ChatSettings, ConversationSummary, StoredMessage, VoteTally } from '../types.ts';

const summaryRow = z.object({
  id: z.string(),
  title: z.string().nullable(),
  first_words: z.string().nullable(),
  engine_id: z.string(),
  model_id: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  message_count: z.number(),
});

/** Columns for `toSummary`, from a table of conversations called c. */
export const summaryColumns = `c.id, c.title, c.engine_id, c.model_id, c.created_at, c.updated_at,
  (SELECT count(*) FROM messages m WHERE m.conversation_id = c.id) AS message_count,
  (SELECT substr(m.content, 1, 500) FROM messages m
   WHERE m.conversation_id = c.id AND m.role <> 'system' AND trim(m.content, char(9, 10, 32)) <> ''
   ORDER BY m.role = 'user' DESC, m.seq LIMIT 1) AS first_words`;

export function toSummary(row: unknown): ConversationSummary {
  const read = summaryRow.parse(row);
  return {
    id: read.id,
    title: read.title ?? titleFrom(read.first_words ?? ''),
    engineId: read.engine_id,
    modelId: read.model_id,
    createdAt: read.created_at,
    updatedAt: read.updated_at,
    messageCount: read.message_count,
  };
}

const messageRow = z.object({
  id: z.string(),
  parent_id: z.string().nullable(),
  role: z.enum(['system', 'user', 'assistant']),
  content: z.string(),
  created_at: z.string(),
  engine_id: z.string().nullable(),
  model_id: z.string().nullable(),
  reason: z.enum(['stop', 'length', 'context', 'abort']).nullable(),
  usage: z.string().nullable(),
  seed: z.number().nullable(),
});

/** Columns for `toMessage`, from a table of messages called m. */
export const messageColumns = `m.id, m.parent_id, m.role, m.content, m.created_at, m.engine_id, m.model_id,
  m.reason, m.usage, m.seed`;

export function toMessage(row: unknown): StoredMessage {
  const read = messageRow.parse(row);
  return {
    id: read.id,
    parentId: read.parent_id,
    role: read.role,
    content: read.content,
    createdAt: read.created_at,
    ...(read.engine_id === null ? {} : { engineId: read.engine_id }),
    ...(read.model_id === null ? {} : { modelId: read.model_id }),
    ...(read.role === 'assistant' ? { reason: read.reason } : {}),
    ...(read.usage === null ? {} : { usage: JSON.parse(read.usage) as Usage }),
    ...(read.seed === null ? {} : { seed: read.seed }),
  };
}

const tallyRow = z.object({
  engine_id: z.string(),
  model_id: z.string(),
  wins: z.number(),
  losses: z.number(),
  ties: z.number(),
});

export function toTally(row: unknown): VoteTally {
  const { engine_id, model_id, ...counts } = tallyRow.parse(row);
  return { engineId: engine_id, modelId: model_id, ...counts };
}

/** Settings that a later or an altered babble wrote and this one cannot read count as none. */
export function toSettings(json: string): Partial<ChatSettings> {
  try {
    return parseChatSettings(JSON.parse(json));
  } catch {
    return {};
  }
}
