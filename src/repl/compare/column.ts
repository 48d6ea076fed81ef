import { type WrappedRow, wrapRows } from '../terminal/cells.ts';

/** One answer of a comparison: its text in rows, of which all but the last can leave for good. */
export class Column {
  #columns: number;
  #final: WrappedRow[] = [];
  #rest = '';
  #isDone = false;

  constructor(columns: number) {
    this.#columns = columns;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Rows that no later text will change. */
  get finalCount(): number {
    return this.#final.length;
  }

  add(text: string): void {
    this.#wrap(this.#rest + text);
  }

  end(): void {
    this.#isDone = true;
    this.#wrapAll(this.#rest);
  }

  /** Takes the first final row out; undefined when there is none. */
  take(): string | undefined {
    return this.#final.shift()?.text;
  }

  /** Takes out all there is, as it was written, the unfinished last row included. */
  takeText(): string {
    const text = this.#final.map(({ raw }) => raw).join('') + this.#rest;
    this.#final = [];
    this.#rest = '';
    return text;
  }

  /** The last rows of what has not been taken. */
  tail(most: number): string[] {
    const rows = [...this.#final.slice(-most), ...wrapRows(this.#rest, this.#columns)];
    return rows.slice(-most).map(({ text }) => text);
  }

  resize(columns: number): void {
    if (columns === this.#columns) return;
    this.#columns = columns;
    const text = this.takeText();
    if (this.#isDone) this.#wrapAll(text);
    else this.#wrap(text);
  }

  #wrap(text: string): void {
    const rows = wrapRows(text, this.#columns);
    this.#rest = rows.pop()?.raw ?? '';
    this.#final.push(...rows);
  }

  #wrapAll(text: string): void {
    this.#rest = '';
    if (text.trim() !== '') this.#final.push(...wrapRows(text.trimEnd(), this.#columns));
  }
}
