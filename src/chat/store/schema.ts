/** The chat's tables, oldest migration first; `user_version` counts those applied. Never edit one that has shipped. */
export const migrations: readonly string[] = [
  `CREATE TABLE conversations (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     origin TEXT NOT NULL DEFAULT '',
     title TEXT,
     engine_id TEXT NOT NULL,
     model_id TEXT NOT NULL,
     settings TEXT NOT NULL DEFAULT '{}',
     head TEXT,
     created_at TEXT NOT NULL,
     updated_at TEXT NOT NULL
   ) STRICT;
   CREATE INDEX conversations_by_update ON conversations (origin, updated_at);

   CREATE TABLE messages (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
     parent_id TEXT REFERENCES messages (id),
     role TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant')),
     content TEXT NOT NULL,
     created_at TEXT NOT NULL,
     engine_id TEXT,
     model_id TEXT,
     reason TEXT,
     usage TEXT,
     seed INTEGER
   ) STRICT;
   CREATE INDEX messages_by_conversation ON messages (conversation_id, seq);
   CREATE INDEX messages_by_parent ON messages (parent_id);

   CREATE TABLE settings (
     key TEXT PRIMARY KEY,
     value TEXT NOT NULL
   ) STRICT;

   -- Trigrams find parts of words, and scripts without spaces. An answer is indexed once, when it ends.
   CREATE VIRTUAL TABLE message_search USING fts5 (
     content, content = 'messages', content_rowid = 'seq', tokenize = 'trigram remove_diacritics 1'
   );
   INSERT INTO message_search (message_search, rank) VALUES ('secure-delete', 1);
   CREATE TRIGGER index_message AFTER INSERT ON messages
     WHEN new.role <> 'assistant' OR new.reason IS NOT NULL BEGIN
     INSERT INTO message_search (rowid, content) VALUES (new.seq, new.content);
   END;
   CREATE TRIGGER index_answer AFTER UPDATE OF reason ON messages
     WHEN new.role = 'assistant' AND old.reason IS NULL AND new.reason IS NOT NULL BEGIN
     INSERT INTO message_search (rowid, content) VALUES (new.seq, new.content);
   END;
   CREATE TRIGGER forget_message AFTER DELETE ON messages
     WHEN old.role <> 'assistant' OR old.reason IS NOT NULL BEGIN
     INSERT INTO message_search (message_search, rowid, content) VALUES ('delete', old.seq, old.content);
   END;`,
  // Blind comparisons of two models, one row a vote.
  `CREATE TABLE votes (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     first_engine TEXT NOT NULL,
     first_model TEXT NOT NULL,
     second_engine TEXT NOT NULL,
     second_model TEXT NOT NULL,
     winner TEXT NOT NULL CHECK (winner IN ('first', 'second', 'tie')),
     created_at TEXT NOT NULL
   ) STRICT;`,
];
