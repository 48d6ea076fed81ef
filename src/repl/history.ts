import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Entries kept in memory and, at each start, in the file. */
const most = 1000;

/** What the person sent, oldest first; every babble adds to the same file. */
export class History {
  readonly #file: string | undefined;
  #entries: string[] = [];

  /** @param file absent: nothing is kept after the sitting. */
  constructor(file?: string) {
    this.#file = file;
  }

  get entries(): readonly string[] {
    return this.#entries;
  }

  /** Reads the file; a missing or broken one is an empty history. */
  async load(): Promise<void> {
    if (!this.#file) return;
    const text = await readFile(this.#file, 'utf8').catch(() => '');
    const lines = text.split('\n').filter(Boolean);
    const read = lines.flatMap((line) => {
      try {
        const entry: unknown = JSON.parse(line);
        return typeof entry === 'string' ? [entry] : [];
      } catch {
        return [];
      }
    });
    this.#entries = [...read, ...this.#entries].slice(-most);
    if (lines.length > 2 * most) await this.#rewrite();
  }

  /** Adds what was sent, unless it is what was sent last. A full disk costs the history, not the chat. */
  async add(entry: string): Promise<void> {
    if (entry.trim() === '' || entry === this.#entries.at(-1)) return;
    this.#entries = [...this.#entries.slice(1 - most), entry];
    if (!this.#file) return;
    try {
      await mkdir(path.dirname(this.#file), { recursive: true, mode: 0o700 });
      // One write in append mode: two babbles at once do not mix their lines.
      await appendFile(this.#file, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
    } catch {
      // The conversation itself is in the store.
    }
  }

  async #rewrite(): Promise<void> {
    const text = this.#entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
    await writeFile(this.#file!, text, { mode: 0o600 }).catch(() => {});
  }
}
