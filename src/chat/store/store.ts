/**
 * Conversations and settings in one SQLite file. Every method is one transaction that is on the disk
 * when the method returns; several babbles may use the same file at once.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { FinishReason, Usage } from '../../engines/engine.ts';
import { AppError } from '../../errors.ts';
import { savedStates, userPaths } from '../../paths.ts';
import type {
  ChatSettings,
  Conversation,
  ConversationSummary,
  SearchHit,
  StoredMessage,
  Vote,
  VoteTally,
} from '../types.ts';
import { inMemory, openDatabase, storeFailed } from './database.ts';
import { messageColumns, summaryColumns, toMessage, toSettings, toSummary, toTally } from './rows.ts';
import { excerptOf, searchCondition } from './search.ts';

/** Shortest part of an id by which a conversation may be named. */
const shortestPrefix = 4;

interface NewConversation {
  readonly id: string;
  readonly origin: string;
  readonly engineId: string;
  readonly modelId: string;
  readonly settings: Partial<ChatSettings>;
  readonly createdAt: string;
}

interface ConversationChange {
  readonly title?: string;
  readonly engineId?: string;
  readonly modelId?: string;
  readonly settings?: Partial<ChatSettings>;
  readonly head?: string | null;
}

interface Ending {
  readonly reason: FinishReason;
  readonly usage?: Usage;
  readonly seed?: number;
}

/** All methods throw AppError STORE_FAILED when the disk or another program is in the way. */
export interface Store extends Disposable {
  /** The database; undefined when all is in memory. */
  readonly file: string | undefined;
  /** Why all is in memory, for a person. */
  readonly warning: string | undefined;
  createConversation(conversation: NewConversation): void;
  /** Adds a message under its parent and makes it the conversation's head. */
  addMessage(conversationId: string, message: StoredMessage): void;
  /** Adds to the text of an answer that has not ended. */
  appendText(messageId: string, text: string): void;
  finishMessage(messageId: string, ending: Ending): void;
  updateConversation(id: string, change: ConversationChange): void;
  /** Runs several writes as one: all or none of them are kept. */
  transaction(writes: () => void): void;
  /** Newest first. `origin` absent: of every origin. */
  listConversations(options?: { origin?: string; limit?: number }): ConversationSummary[];
  /**
   * A conversation with all its branches, by its id, the beginning of its id (4 characters or more), or
   * its title. @throws AppError CONVERSATION_NOT_FOUND.
   */
  loadConversation(name: string): Conversation;
  /** Deletes for good, with what an engine computed of it: the pages are overwritten. @throws AppError CONVERSATION_NOT_FOUND. */
  deleteConversation(id: string): void;
  /** Messages of every branch that hold every word of the query, newest first. `limit` 50. */
  search(query: string, options?: { limit?: number }): SearchHit[];
  addVote(vote: Vote): void;
  /** How each model that was voted on fared, the one with the greatest share of wins first (a tie is half a win). */
  tallyVotes(): VoteTally[];
  /** The JSON value kept under a key; undefined when there is none. */
  getSetting(key: string): unknown;
  /** Keeps a JSON value; undefined removes the key. */
  setSetting(key: string, value: unknown): void;
}

/**
 * Opens the store. Where the disk cannot be written it is in memory and `warning` says so.
 * @param file Default: babble.db in the person's data folder. ':memory:' keeps nothing.
 * @throws AppError STORE_TOO_NEW; STORE_FAILED when the file is damaged (it is then kept aside).
 */
export function openStore(file: string = path.join(userPaths().data, 'babble.db')): Store {
  const { database, warning } = openDatabase(file);
  return new SqliteStore(database, warning === undefined && file !== inMemory ? file : undefined, warning);
}

class SqliteStore implements Store {
  readonly file: string | undefined;
  readonly warning: string | undefined;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync, file: string | undefined, warning: string | undefined) {
    this.#database = database;
    this.file = file;
    this.warning = warning;
  }

  createConversation({ id, origin, engineId, modelId, settings, createdAt }: NewConversation): void {
    this.#run(
      `INSERT INTO conversations (id, origin, engine_id, model_id, settings, created_at, updated_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      id,
      origin,
      engineId,
      modelId,
      JSON.stringify(settings),
      createdAt,
      createdAt,
    );
  }

  addMessage(conversationId: string, message: StoredMessage): void {
    this.transaction(() => {
      this.#run(
        `INSERT INTO messages (id, conversation_id, parent_id, role, content, created_at, engine_id, model_id,
           reason, usage, seed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        message.id,
        conversationId,
        message.parentId,
        message.role,
        message.content,
        message.createdAt,
        message.engineId ?? null,
        message.modelId ?? null,
        message.reason ?? null,
        message.usage ? JSON.stringify(message.usage) : null,
        message.seed ?? null,
      );
      this.#run(
        'UPDATE conversations SET head = ?, updated_at = ? WHERE id = ?',
        message.id,
        message.createdAt,
        conversationId,
      );
    });
  }

  appendText(messageId: string, text: string): void {
    this.#run('UPDATE messages SET content = content || ? WHERE id = ? AND reason IS NULL', text, messageId);
  }

  finishMessage(messageId: string, { reason, usage, seed }: Ending): void {
    this.#run(
      'UPDATE messages SET reason = ?, usage = ?, seed = ? WHERE id = ? AND reason IS NULL',
      reason,
      usage ? JSON.stringify(usage) : null,
      seed ?? null,
      messageId,
    );
  }

  updateConversation(id: string, change: ConversationChange): void {
    const columns: Record<string, string | null> = {};
    if (change.title !== undefined) columns['title'] = change.title;
    if (change.engineId !== undefined) columns['engine_id'] = change.engineId;
    if (change.modelId !== undefined) columns['model_id'] = change.modelId;
    if (change.settings !== undefined) columns['settings'] = JSON.stringify(change.settings);
    if (change.head !== undefined) columns['head'] = change.head;
    const names = Object.keys(columns);
    if (names.length === 0) return;
    const assignments = names.map((name) => `${name} = ?`).join(', ');
    this.#run(`UPDATE conversations SET ${assignments} WHERE id = ?`, ...Object.values(columns), id);
  }

  transaction(writes: () => void): void {
    if (this.#database.isTransaction) {
      writes();
      return;
    }
    this.#attempt(() => {
      this.#database.exec('BEGIN IMMEDIATE');
      try {
        writes();
        this.#database.exec('COMMIT');
      } catch (error) {
        // A full disk has already rolled it back.
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  listConversations(options: { origin?: string; limit?: number } = {}): ConversationSummary[] {
    const { origin, limit = -1 } = options;
    const where = origin === undefined ? '' : 'WHERE c.origin = ?';
    const values = origin === undefined ? [limit] : [origin, limit];
    return this.#all(
      `SELECT ${summaryColumns} FROM conversations c ${where} ORDER BY c.updated_at DESC, c.seq DESC LIMIT ?`,
      ...values,
    ).map(toSummary);
  }

  loadConversation(name: string): Conversation {
    const id = this.#resolve(name);
    const row = this.#all(
      `SELECT ${summaryColumns}, c.origin, c.settings, c.head FROM conversations c WHERE c.id = ?`,
      id,
    )[0];
    const messages = this.#all(
      `SELECT ${messageColumns} FROM messages m WHERE m.conversation_id = ? ORDER BY m.seq`,
      id,
    ).map(toMessage);
    return {
      summary: toSummary(row),
      origin: String(row?.['origin']),
      settings: toSettings(String(row?.['settings'])),
      head: row?.['head'] == null ? null : String(row['head']),
      messages,
    };
  }

  deleteConversation(id: string): void {
    const found = this.#resolve(id);
    this.#run('DELETE FROM conversations WHERE id = ?', found);
    // The log still holds the old pages; empty it unless another babble is reading.
    this.#all('PRAGMA wal_checkpoint(TRUNCATE)');
    deleteStates(found);
  }

  search(query: string, options: { limit?: number } = {}): SearchHit[] {
    const condition = searchCondition(query);
    if (!condition) return [];
    const rows = this.#all(
      `SELECT ${messageColumns}, m.conversation_id FROM messages m WHERE ${condition.where}
       ORDER BY m.seq DESC LIMIT ?`,
      ...condition.values,
      options.limit ?? 50,
    );
    return rows.map((row) => {
      const message = toMessage(row);
      return {
        conversation: this.#summary(String(row['conversation_id'])),
        message,
        excerpt: excerptOf(message.content, query),
      };
    });
  }

  addVote({ first, second, winner }: Vote): void {
    this.#run(
      `INSERT INTO votes (first_engine, first_model, second_engine, second_model, winner, created_at)
       VALUES (?, ?, ?, ?, ?, ?)`,
      first.engineId,
      first.modelId,
      second.engineId,
      second.modelId,
      winner,
      new Date().toISOString(),
    );
  }

  tallyVotes(): VoteTally[] {
    return this.#all(
      `SELECT engine_id, model_id, sum(result = 'win') AS wins, sum(result = 'loss') AS losses,
         sum(result = 'tie') AS ties
       FROM (
         SELECT first_engine AS engine_id, first_model AS model_id,
           CASE winner WHEN 'tie' THEN 'tie' WHEN 'first' THEN 'win' ELSE 'loss' END AS result FROM votes
         UNION ALL
         SELECT second_engine, second_model,
           CASE winner WHEN 'tie' THEN 'tie' WHEN 'second' THEN 'win' ELSE 'loss' END FROM votes
       ) GROUP BY engine_id, model_id
       ORDER BY (wins + 0.5 * ties) / count(*) DESC, wins DESC, engine_id, model_id`,
    ).map(toTally);
  }

  getSetting(key: string): unknown {
    const row = this.#all('SELECT value FROM settings WHERE key = ?', key)[0];
    return row ? JSON.parse(String(row['value'])) : undefined;
  }

  setSetting(key: string, value: unknown): void {
    if (value === undefined) {
      this.#run('DELETE FROM settings WHERE key = ?', key);
      return;
    }
    this.#run(
      'INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
      key,
      JSON.stringify(value),
    );
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #summary(id: string): ConversationSummary {
    return toSummary(this.#all(`SELECT ${summaryColumns} FROM conversations c WHERE c.id = ?`, id)[0]);
  }

  #resolve(name: string): string {
    const exact = this.#all('SELECT id FROM conversations WHERE id = ?', name);
    const byTitle = exact.length > 0 ? exact : this.#byTitle(name);
    const found = byTitle.length > 0 ? byTitle : this.#byPrefix(name);
    if (found.length === 1) return String(found[0]?.['id']);
    const hint = 'The list of conversations shows their ids and titles.';
    const message =
      found.length === 0
        ? `No conversation is called "${name}".`
        : `"${name}" names ${found.length} conversations: ${found.map((row) => row['id']).join(', ')}.`;
    throw new AppError('CONVERSATION_NOT_FOUND', message, { hint });
  }

  #byTitle(name: string): Record<string, unknown>[] {
    return this.#all('SELECT id FROM conversations WHERE title = ? COLLATE NOCASE', name);
  }

  #byPrefix(name: string): Record<string, unknown>[] {
    if (name.length < shortestPrefix) return [];
    return this.#all('SELECT id FROM conversations WHERE substr(id, 1, ?) = ?', name.length, name);
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#attempt(() => this.#statement(sql).run(...values));
  }

  #all(sql: string, ...values: SQLInputValue[]): Record<string, unknown>[] {
    return this.#attempt(() => this.#statement(sql).all(...values));
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #attempt<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw storeFailed(error, 'The store of conversations could not be used');
    }
  }
}

/** What engines keep of a conversation. The mark comes first: one may be writing at this moment. */
function deleteStates(conversationId: string): void {
  const { folder, filesOf, deletionMark } = savedStates();
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(deletionMark(conversationId), '', { mode: 0o600 });
  } catch {
    // Nobody can keep anything there then.
  }
  for (const file of Object.values(filesOf(conversationId))) rmSync(file, { force: true });
}
