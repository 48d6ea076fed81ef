import type { Readable } from 'node:stream';

/** Reads a stream to its end but keeps only its last lines, each cut at `maxLength` characters. */
export class LastLines {
  readonly #lines: string[] = [];
  readonly #maxLines: number;
  readonly #maxLength: number;

  constructor(maxLines = 40, maxLength = 400) {
    this.#maxLines = maxLines;
    this.#maxLength = maxLength;
  }

  get lines(): readonly string[] {
    return this.#lines.filter((line) => line.trim() !== '');
  }

  read(stream: Readable): void {
    let open = false; // the last line has not ended yet
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      const [first = '', ...others] = text.split('\n');
      if (open) this.#lines.push((this.#lines.pop() ?? '') + first);
      else this.#lines.push(first);
      this.#lines.push(...others);
      open = true;
      this.#lines.splice(0, Math.max(0, this.#lines.length - this.#maxLines));
      for (let i = 0; i < this.#lines.length; i++)
        this.#lines[i] = this.#lines[i]?.slice(0, this.#maxLength) ?? '';
    });
    stream.on('error', () => {});
  }
}
