import { AppError } from '../errors.ts';
import type { Store } from './store/store.ts';

/** Streamed text waits at most this long, or until there is so much of it, to be written with one commit. */
const batchMs = 150;
const batchLength = 4096;
/** A store that failed is tried again after this long, as each try may block for the busy timeout. */
const retryMs = 10_000;

type Write = { readonly run: (store: Store) => void } | { readonly messageId: string; text: string };

/** Recorders with something to write, for the process's exit. */
const unwritten = new Set<Recorder>();
process.on('exit', () => {
  for (const recorder of unwritten) recorder.flush();
});

/**
 * Writes one conversation to the store in the order it happens. Messages and endings are written at once;
 * streamed text in batches, so that what a cut (kill -9, power) can take is the last 150 ms of an answer. A write
 * that fails stays in memory, with all that follow, until the disk takes them.
 */
export class Recorder {
  readonly #store: Store;
  readonly #onTrouble: (text: string) => void;
  #queue: Write[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isInTrouble = false;

  /** @param onTrouble told once when writing fails, and once when it works again. */
  constructor(store: Store, onTrouble: (text: string) => void) {
    this.#store = store;
    this.#onTrouble = onTrouble;
  }

  write(run: (store: Store) => void): void {
    this.#queue.push({ run });
    unwritten.add(this);
    if (!this.#isInTrouble) this.flush();
  }

  appendText(messageId: string, text: string): void {
    const last = this.#queue.at(-1);
    if (last && 'text' in last && last.messageId === messageId) last.text += text;
    else this.#queue.push({ messageId, text });
    unwritten.add(this);
    const waiting = this.#queue.at(-1);
    if (!this.#isInTrouble && waiting && 'text' in waiting && waiting.text.length >= batchLength)
      this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), this.#isInTrouble ? retryMs : batchMs).unref();
  }

  /** Writes all that waits. Never throws. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#queue.length === 0) return;
    try {
      this.#store.transaction(() => {
        for (const write of this.#queue) {
          if ('run' in write) write.run(this.#store);
          else this.#store.appendText(write.messageId, write.text);
        }
      });
    } catch (error) {
      this.#failed(AppError.from(error, 'STORE_FAILED'));
      return;
    }
    this.#queue = [];
    unwritten.delete(this);
    if (this.#isInTrouble) this.#onTrouble('The conversation is saved again, with all that waited.');
    this.#isInTrouble = false;
  }

  /** Writes what waits, for the last time. */
  close(): void {
    this.flush();
    clearTimeout(this.#timer);
    unwritten.delete(this);
  }

  #failed(error: AppError): void {
    this.#timer = setTimeout(() => this.flush(), retryMs).unref();
    if (this.#isInTrouble) return;
    this.#isInTrouble = true;
    const hint = error.hint === undefined ? '' : ` ${error.hint}`;
    this.#onTrouble(
      `This conversation could not be saved and goes on in memory. ${error.message}${hint} Saving is tried again by itself.`,
    );
  }
}
