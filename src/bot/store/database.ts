import { chmodSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '../../errors.ts';
import { migrations } from './schema.ts';

/**
 * Opens the bot's database, the owner's alone, in today's form.
 * @param file path of the database, or `:memory:`.
 * @throws AppError STORE_FAILED, STORE_TOO_NEW.
 */
export function openDatabase(file: string): DatabaseSync {
  let db: DatabaseSync;
  try {
    if (file !== ':memory:') mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    db = new DatabaseSync(file);
    if (file !== ':memory:') chmodSync(file, 0o600);
    // NORMAL: what is committed outlives the process (SIGKILL); only a power cut may take the last moment with it.
    // FULL would make every event wait for the disk, and Discord gives three seconds to acknowledge one.
    db.exec(
      'PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;',
    );
  } catch (cause) {
    throw new AppError('STORE_FAILED', `The bot's database ${file} cannot be opened.`, {
      hint: 'Is the folder writable? `database` in the configuration names another file.',
      cause,
    });
  }
  migrate(db, file);
  return db;
}

/** Does all of `work`, or nothing when it throws. */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

function migrate(db: DatabaseSync, file: string): void {
  transaction(db, () => {
    const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number };
    if (version > migrations.length) {
      throw new AppError(
        'STORE_TOO_NEW',
        `${file} was written by a newer babble (version ${version}, known ${migrations.length}).`,
        { hint: 'Update babble, or name another file with `database`.' },
      );
    }
    for (const migration of migrations.slice(version)) db.exec(migration);
    db.exec(`PRAGMA user_version = ${migrations.length}`);
  });
}
