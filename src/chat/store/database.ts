/** Opens the database file: its place, its privacy, its durability, its schema, and what may go wrong. */
import { chmodSync, closeSync, mkdirSync, openSync, renameSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '../../errors.ts';
import { migrations } from './schema.ts';

/** The file's name for a database that is to be in memory. */
export const inMemory = ':memory:';

/** How long a write waits for another babble's. */
const busyMs = 5000;

/** SQLite's primary result codes. */
const code = {
  busy: 5,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cantOpen: 14,
  constraint: 19,
  notADatabase: 26,
};
const diskTrouble: ReadonlySet<number> = new Set([code.readOnly, code.ioError, code.full, code.cantOpen]);
const damage: ReadonlySet<number> = new Set([code.corrupt, code.notADatabase]);

export interface OpenedDatabase {
  readonly database: DatabaseSync;
  /** Why the database is in memory only, for a person; absent when it is in the file. */
  readonly warning?: string;
}

/**
 * Opens or creates the database (mode 0600, new folders 0700), write-ahead log, every commit on the disk
 * before it counts. Where the disk cannot be written it is in memory, with a warning.
 * @throws AppError STORE_TOO_NEW; STORE_FAILED when the file is damaged: it has then been moved aside.
 */
export function openDatabase(file: string): OpenedDatabase {
  if (file === inMemory) return { database: openMemory() };
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    // SQLite gives the log files beside it the same mode.
    closeSync(openSync(file, 'a', 0o600));
    chmodSync(file, 0o600);
    database = new DatabaseSync(file, { timeout: busyMs });
    prepare(database, file);
    return { database };
  } catch (error) {
    if (database?.isOpen) database.close();
    if (error instanceof AppError) throw error;
    if (damage.has(sqliteCode(error))) throw setAside(file, error);
    if (!isDiskTrouble(error)) throw storeFailed(error, `The database ${file} could not be opened`);
    return { database: openMemory(), warning: memoryWarning(file, error) };
  }
}

/** True when the disk, not babble, is at fault: full, read-only, no permission, input/output errors. */
function isDiskTrouble(error: unknown): boolean {
  return diskTrouble.has(sqliteCode(error)) || (error instanceof Error && 'syscall' in error);
}

/** Wraps what SQLite threw into a STORE_FAILED that says what to do. */
export function storeFailed(error: unknown, what: string): AppError {
  if (error instanceof AppError) return error;
  const primary = sqliteCode(error);
  const hint =
    primary === code.busy
      ? 'Another program holds the database. Close it, or wait a moment and try again.'
      : damage.has(primary)
        ? 'The file is damaged. Start babble again: it moves the file aside and begins a new one.'
        : primary === code.constraint
          ? 'The conversation was deleted meanwhile, perhaps by another babble.'
          : 'Check the free space and the permissions of the folder.';
  return new AppError('STORE_FAILED', `${what}: ${describe(error)}.`, { hint, cause: error });
}

function prepare(database: DatabaseSync, file: string): void {
  enableLog(database);
  database.exec('PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;');
  migrate(database, file);
}

function openMemory(): DatabaseSync {
  const database = new DatabaseSync(inMemory);
  prepare(database, inMemory);
  return database;
}

/** Two babbles that create the database at once refuse each other here without waiting: try again. */
function enableLog(database: DatabaseSync): void {
  const deadline = Date.now() + busyMs;
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      database.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if (sqliteCode(error) !== code.busy || Date.now() > deadline) throw error;
      Atomics.wait(pause, 0, 0, 20);
    }
  }
}

function migrate(database: DatabaseSync, file: string): void {
  if (version(database) === migrations.length) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    const from = version(database); // another babble may have migrated meanwhile
    if (from > migrations.length) {
      throw new AppError(
        'STORE_TOO_NEW',
        `The database ${file} has schema version ${from}; this babble knows versions up to ${migrations.length}.`,
        { hint: 'Update babble, or set BABBLE_HOME to another folder.' },
      );
    }
    for (const migration of migrations.slice(from)) database.exec(migration);
    database.exec(`PRAGMA user_version = ${migrations.length}`);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function version(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
}

/** Moves the damaged database out of the way, so that the next start works; nothing is deleted. */
function setAside(file: string, cause: unknown): AppError {
  const aside = `${file}.damaged-${new Date().toISOString().replaceAll(':', '-')}`;
  const what = `The database ${file} is damaged (${describe(cause)})`;
  try {
    renameSync(file, aside);
  } catch {
    return new AppError('STORE_FAILED', `${what}.`, { hint: 'Move the file aside and start again.', cause });
  }
  for (const suffix of ['-wal', '-shm']) {
    try {
      renameSync(file + suffix, aside + suffix);
    } catch {
      // There is none.
    }
  }
  return new AppError('STORE_FAILED', `${what}. It was kept as ${aside}.`, {
    hint: `Start babble again for a new database. \`sqlite3 ${aside} .recover\` may bring back what the old one held.`,
    cause,
  });
}

function memoryWarning(file: string, error: unknown): string {
  return `Conversations cannot be saved to ${file} (${describe(error)}). They are kept in memory until babble ends.`;
}

/** The primary result code; 0 for errors that are not SQLite's. */
function sqliteCode(error: unknown): number {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
