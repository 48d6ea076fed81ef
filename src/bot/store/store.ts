import { chmodSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Message, Sampling } from '../../engines/engine.ts';
import { AppError } from '../../errors.ts';
import { migrations } from './schema.ts';

/** What was asked, in full, so that an answer can be given again, gone on with, or apologised for. */
export interface AnswerRequest {
  /** The conversation up to and including the question. */
  readonly messages: readonly Message[];
  readonly sampling: Sampling;
  readonly maxTokens: number;
  readonly systemPrompt: string;
  readonly stop: readonly string[];
}

/** Where an answer is shown: enough to find it again after a restart. */
export type AnswerPlace =
  | {
      readonly kind: 'interaction';
      readonly applicationId: string;
      /** Lets the bot edit its answer for fifteen minutes. */
      readonly token: string;
      readonly expiresAt: number;
      readonly private: boolean;
    }
  /** An ordinary message; under the question where `replyTo` names it. */
  | { readonly kind: 'message'; readonly replyTo: string | null };

export type AnswerState = 'open' | 'done' | 'stopped' | 'failed' | 'interrupted';

export interface StoredAnswer {
  readonly id: string;
  readonly state: AnswerState;
  readonly userId: string;
  readonly guildId: string | null;
  readonly channelId: string;
  readonly engine: string;
  readonly model: string;
  readonly request: AnswerRequest;
  readonly text: string;
  readonly place: AnswerPlace;
  readonly messageIds: readonly string[];
}

/** What a channel has set; absent fields take the bot's defaults. */
export interface ChannelSettings {
  readonly engine?: string;
  readonly model?: string;
  readonly prompt?: string;
  readonly sampling?: Sampling;
  readonly maxTokens?: number;
}

export interface EngineStats {
  readonly engine: string;
  readonly answers: number;
  readonly tokens: number;
  readonly tokensPerSecond: number;
}

type Row = Record<string, string | number | null>;

/**
 * The bot's memory in SQLite: channel settings, and answers with what was asked, so that every button works
 * and every unfinished answer is found after a restart.
 */
export class BotStore implements Disposable {
  private readonly db: DatabaseSync;

  /** @param file path of the database, or `:memory:`. @throws AppError STORE_FAILED, STORE_TOO_NEW. */
  constructor(file: string) {
    try {
      if (file !== ':memory:') mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      this.db = new DatabaseSync(file);
      if (file !== ':memory:') chmodSync(file, 0o600);
      this.db.exec(
        'PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;',
      );
    } catch (cause) {
      throw new AppError('STORE_FAILED', `The bot's database ${file} cannot be opened.`, {
        hint: 'Is the folder writable? `database` in the configuration names another file.',
        cause,
      });
    }
    this.migrate(file);
  }

  [Symbol.dispose](): void {
    this.db.close();
  }

  createAnswer(answer: Omit<StoredAnswer, 'state' | 'text' | 'messageIds'>, now = Date.now()): void {
    this.db
      .prepare(
        `INSERT INTO answers (id, state, user_id, guild_id, channel_id, engine, model, request, place, created_at, updated_at)
         VALUES (?, 'open', ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        answer.id,
        answer.userId,
        answer.guildId,
        answer.channelId,
        answer.engine,
        answer.model,
        JSON.stringify(answer.request),
        JSON.stringify(answer.place),
        now,
        now,
      );
  }

  /** Keeps the text so far. */
  saveText(id: string, text: string, now = Date.now()): void {
    this.db.prepare('UPDATE answers SET text = ?, updated_at = ? WHERE id = ?').run(text, now, id);
  }

  /** Keeps which messages show an answer, in order. */
  saveMessages(id: string, messageIds: readonly string[]): void {
    this.transaction(() => {
      const insert = this.db.prepare(
        // an answer that was forgotten meanwhile gets no messages
        `INSERT OR IGNORE INTO answer_messages (message_id, answer_id, position)
         SELECT ?, id, ? FROM answers WHERE id = ?`,
      );
      messageIds.forEach((messageId, position) => {
        insert.run(messageId, position, id);
      });
    });
  }

  finishAnswer(
    id: string,
    state: Exclude<AnswerState, 'open'>,
    usage: { tokens: number; tokensPerSecond: number },
  ): void {
    this.db
      .prepare('UPDATE answers SET state = ?, tokens = ?, tokens_per_second = ?, updated_at = ? WHERE id = ?')
      .run(state, usage.tokens, usage.tokensPerSecond, Date.now(), id);
  }

  /** Closes an answer that a restart cut off. False when it was closed already. */
  markInterrupted(id: string): boolean {
    const { changes } = this.db
      .prepare(`UPDATE answers SET state = 'interrupted' WHERE id = ? AND state = 'open'`)
      .run(id);
    return changes === 1;
  }

  findAnswer(id: string): StoredAnswer | undefined {
    return this.toAnswer(this.db.prepare('SELECT * FROM answers WHERE id = ?').get(id) as Row | undefined);
  }

  /** The answer that a message of the bot's shows (part of). */
  answerOfMessage(messageId: string): StoredAnswer | undefined {
    const sql = 'SELECT answers.* FROM answers JOIN answer_messages ON answer_id = id WHERE message_id = ?';
    return this.toAnswer(this.db.prepare(sql).get(messageId) as Row | undefined);
  }

  /**
   * The newest answer in a channel that everybody there has seen: where a conversation in a thread or in direct
   * messages goes on.
   */
  lastAnswerIn(channelId: string): StoredAnswer | undefined {
    const sql = `SELECT * FROM answers WHERE channel_id = ? AND COALESCE(place ->> 'private', 0) = 0
       ORDER BY created_at DESC, rowid DESC LIMIT 1`;
    return this.toAnswer(this.db.prepare(sql).get(channelId) as Row | undefined);
  }

  /** Unfinished answers, oldest first. */
  openAnswers(): StoredAnswer[] {
    const rows = this.db
      .prepare(`SELECT * FROM answers WHERE state = 'open' ORDER BY created_at`)
      .all() as Row[];
    return rows.map((row) => this.toAnswer(row)!);
  }

  channelSettings(channelId: string): ChannelSettings {
    const row = this.db
      .prepare('SELECT settings FROM channel_settings WHERE channel_id = ?')
      .get(channelId) as Row | undefined;
    return row ? (JSON.parse(String(row['settings'])) as ChannelSettings) : {};
  }

  /** Changes what is given and keeps the rest. */
  updateChannel(channelId: string, guildId: string | null, change: ChannelSettings): ChannelSettings {
    return this.transaction(() => {
      const settings = { ...this.channelSettings(channelId), ...change };
      this.db
        .prepare(
          `INSERT INTO channel_settings (channel_id, guild_id, settings, updated_at) VALUES (?, ?, ?, ?)
           ON CONFLICT (channel_id) DO UPDATE SET settings = excluded.settings, updated_at = excluded.updated_at`,
        )
        .run(channelId, guildId, JSON.stringify(settings), Date.now());
      return settings;
    });
  }

  resetChannel(channelId: string): void {
    this.db.prepare('DELETE FROM channel_settings WHERE channel_id = ?').run(channelId);
  }

  /** True the first time an event id is seen: Discord may send an event twice. */
  firstSight(eventId: string, now = Date.now()): boolean {
    this.db.prepare('DELETE FROM handled WHERE at < ?').run(now - 60 * 60_000);
    return (
      this.db.prepare('INSERT OR IGNORE INTO handled (event_id, at) VALUES (?, ?)').run(eventId, now)
        .changes === 1
    );
  }

  /** Takes note that a shard is connected now; what people write later than this may have been missed. */
  markAlive(shard: number, now = Date.now()): void {
    this.db
      .prepare(
        'INSERT INTO alive (shard, at) VALUES (?, ?) ON CONFLICT (shard) DO UPDATE SET at = excluded.at',
      )
      .run(shard, now);
  }

  /** When the shard was last known to be connected; undefined before its first time. */
  lastAlive(shard: number): number | undefined {
    const row = this.db.prepare('SELECT at FROM alive WHERE shard = ?').get(shard);
    return (row as { at: number } | undefined)?.at;
  }

  /** Channels with an answer since a time, newest first. */
  activeChannels(since: number, most: number): string[] {
    const sql =
      'SELECT channel_id FROM answers WHERE created_at >= ? GROUP BY channel_id ORDER BY MAX(created_at) DESC LIMIT ?';
    return (this.db.prepare(sql).all(since, most) as Row[]).map((row) => String(row['channel_id']));
  }

  /** Deletes everything that a person asked and was answered. Returns the number of answers. */
  forgetUser(userId: string): number {
    return Number(this.db.prepare('DELETE FROM answers WHERE user_id = ?').run(userId).changes);
  }

  /** Deletes everything of a server that the bot has left. */
  forgetGuild(guildId: string): void {
    this.transaction(() => {
      this.db.prepare('DELETE FROM answers WHERE guild_id = ?').run(guildId);
      this.db.prepare('DELETE FROM channel_settings WHERE guild_id = ?').run(guildId);
    });
  }

  /** Deletes finished answers older than this many days. */
  forgetOld(days: number): void {
    const before = Date.now() - days * 86_400_000;
    this.db.prepare(`DELETE FROM answers WHERE state <> 'open' AND updated_at < ?`).run(before);
  }

  stats(guildId: string | null): EngineStats[] {
    const rows = this.db
      .prepare(
        `SELECT engine, COUNT(*) AS answers, SUM(tokens) AS tokens, AVG(tokens_per_second) AS speed FROM answers
         WHERE state <> 'open' AND guild_id IS ? GROUP BY engine ORDER BY answers DESC`,
      )
      .all(guildId) as Row[];
    return rows.map((row) => ({
      engine: String(row['engine']),
      answers: Number(row['answers']),
      tokens: Number(row['tokens']),
      tokensPerSecond: Number(row['speed']),
    }));
  }

  private toAnswer(row: Row | undefined): StoredAnswer | undefined {
    if (!row) return undefined;
    const messages = this.db
      .prepare('SELECT message_id FROM answer_messages WHERE answer_id = ? ORDER BY position')
      .all(String(row['id'])) as Row[];
    return {
      id: String(row['id']),
      state: String(row['state']) as AnswerState,
      userId: String(row['user_id']),
      guildId: row['guild_id'] === null ? null : String(row['guild_id']),
      channelId: String(row['channel_id']),
      engine: String(row['engine']),
      model: String(row['model']),
      request: JSON.parse(String(row['request'])) as AnswerRequest,
      text: String(row['text']),
      place: JSON.parse(String(row['place'])) as AnswerPlace,
      messageIds: messages.map((message) => String(message['message_id'])),
    };
  }

  private transaction<T>(work: () => T): T {
    this.db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.db.exec('COMMIT');
      return result;
    } catch (error) {
      this.db.exec('ROLLBACK');
      throw error;
    }
  }

  private migrate(file: string): void {
    this.transaction(() => {
      const { user_version: version } = this.db.prepare('PRAGMA user_version').get() as {
        user_version: number;
      };
      if (version > migrations.length) {
        throw new AppError(
          'STORE_TOO_NEW',
          `${file} was written by a newer babble (version ${version}, known ${migrations.length}).`,
          {
            hint: 'Update babble, or name another file with `database`.',
          },
        );
      }
      for (const migration of migrations.slice(version)) this.db.exec(migration);
      this.db.exec(`PRAGMA user_version = ${migrations.length}`);
    });
  }
}
