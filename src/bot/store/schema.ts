/** The bot's tables, oldest migration first; `user_version` counts those applied. Never edit one that has shipped. */
export const migrations: readonly string[] = [
  `CREATE TABLE answers (
     id TEXT PRIMARY KEY,
     state TEXT NOT NULL CHECK (state IN ('open', 'done', 'stopped', 'failed', 'interrupted')),
     user_id TEXT NOT NULL,
     guild_id TEXT,
     channel_id TEXT NOT NULL,
     engine TEXT NOT NULL,
     model TEXT NOT NULL,
     request TEXT NOT NULL,
     text TEXT NOT NULL DEFAULT '',
     place TEXT NOT NULL,
     tokens INTEGER NOT NULL DEFAULT 0,
     tokens_per_second REAL NOT NULL DEFAULT 0,
     created_at INTEGER NOT NULL,
     updated_at INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX answers_by_state ON answers (state);
   CREATE INDEX answers_by_user ON answers (user_id);
   CREATE INDEX answers_by_channel ON answers (channel_id, created_at);
   CREATE INDEX answers_by_guild ON answers (guild_id);
   CREATE TABLE answer_messages (
     message_id TEXT PRIMARY KEY,
     answer_id TEXT NOT NULL REFERENCES answers (id) ON DELETE CASCADE,
     position INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX answer_messages_by_answer ON answer_messages (answer_id);
   CREATE TABLE channel_settings (
     channel_id TEXT PRIMARY KEY,
     guild_id TEXT,
     settings TEXT NOT NULL,
     updated_at INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE alive (
     shard INTEGER PRIMARY KEY,
     at INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE handled (
     event_id TEXT PRIMARY KEY,
     at INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX handled_by_at ON handled (at);`,
  `CREATE TABLE guilds (
     guild_id TEXT PRIMARY KEY
   ) STRICT;`,
];
