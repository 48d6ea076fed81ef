import type { DatabaseSync } from 'node:sqlite';
import { openDatabase, transaction } from './database.ts';
import type {
  AnswerPlace,
  AnswerRequest,
  AnswerState,
  ChannelSettings,
  EngineStats,
  StoredAnswer,
} from './types.ts';

/** Ids of handled events are kept this long, and looked through this often, in milliseconds. */
const keepEventsMs = 60 * 60_000;
const tidyEveryMs = 60_000;

type Row = Record<string, string | number | null>;

/**
 * The bot's memory in SQLite: channel settings, and answers with what was asked, so that every button works
 * and every unfinished answer is found after a restart.
 */
export class BotStore implements Disposable {
  private readonly db: DatabaseSync;
  /** When old event ids were last deleted. */
  private tidiedAt = 0;

  /** @param file path of the database, or `:memory:`. @throws AppError STORE_FAILED, STORE_TOO_NEW. */
  constructor(file: string) {
    this.db = openDatabase(file);
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
    transaction(this.db, () => {
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
    return transaction(this.db, () => {
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
    if (now - this.tidiedAt > tidyEveryMs) {
      this.db.prepare('DELETE FROM handled WHERE at < ?').run(now - keepEventsMs);
      this.tidiedAt = now;
    }
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

  /** Takes note of a server that the bot is on. */
  joinGuild(guildId: string): void {
    this.db.prepare('INSERT OR IGNORE INTO guilds (guild_id) VALUES (?)').run(guildId);
  }

  /** Servers that the bot was on when it last looked. */
  knownGuilds(): string[] {
    return (this.db.prepare('SELECT guild_id FROM guilds').all() as Row[]).map((row) =>
      String(row['guild_id']),
    );
  }

  /** Deletes everything of a server that the bot has left. */
  forgetGuild(guildId: string): void {
    transaction(this.db, () => {
      this.db.prepare('DELETE FROM guilds WHERE guild_id = ?').run(guildId);
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
}
