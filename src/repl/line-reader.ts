import type { Interface } from 'node:readline';

/** Lines as they are asked for; those that came early wait. */
export class LineReader {
  readonly #lines: string[] = [];
  readonly #interface: Interface;
  #wake: (() => void) | undefined;
  /** There will be no more lines; those that wait can still be had. */
  isClosed = false;

  constructor(source: Interface) {
    this.#interface = source;
    source.on('line', (line) => {
      this.#lines.push(line);
      this.#wake?.();
    });
    source.once('close', () => {
      this.isClosed = true;
      this.#wake?.();
    });
  }

  /** The next line; undefined at the end of them, or once closed. */
  async next(): Promise<string | undefined> {
    while (this.#lines.length === 0 && !this.isClosed)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    return this.#lines.shift();
  }

  /** No more lines, not even those that wait. */
  close(): void {
    this.#lines.length = 0;
    this.#interface.close();
  }
}
