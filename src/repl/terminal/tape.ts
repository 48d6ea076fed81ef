import { graphemes, greatestWidth, hasAgreedWidth, width } from './cells.ts';

/** A stretch of text in one style (SGR sequences, '' for none). The text holds no control but `\n`. */
export interface Span {
  readonly text: string;
  readonly style: string;
  /** Not to be wrapped between words: code is copied as it is. */
  readonly verbatim?: boolean;
}

const autowrapOff = '\x1b[?7l';
const autowrapOn = '\x1b[?7h';

/**
 * Where the transcript ends on the screen. Text is written once and never again; the terminal wraps it
 * itself, so that it flows anew when the window changes and copies without added line ends. Rows with
 * graphemes whose width terminals disagree on are ended by us instead: our count of rows always holds.
 */
export class Tape {
  columns: number;
  // Columns of the last row in use, in [0, columns].
  #column = 0;
  // The last line and the last row of it: a resize lays the line out again.
  #line: Span[] = [];
  #row: Span[] = [];
  #uncertain = false;

  constructor(columns: number) {
    this.columns = columns;
  }

  /** Whether the last row has text on it; the frame then begins on the row below. */
  get isOpen(): boolean {
    return this.#line.length > 0;
  }

  /** Column the cursor must be moved to before the bytes of `write` are sent. */
  get resumeColumn(): number {
    return this.#mustRewriteRow() ? 0 : this.#column;
  }

  // A terminal wraps only right after it drew the last cell, and only a row drawn from its start surely
  // continues where the text of uncertain width ended.
  #mustRewriteRow(): boolean {
    return this.#uncertain || this.#column >= this.columns;
  }

  /** Adds text. Gives the bytes that show it, and how many rows the end moved down. */
  write(spans: readonly Span[]): { bytes: string; rows: number } {
    let rows = 0;
    let wrapping = true;
    let bytes = '';
    if (this.#mustRewriteRow()) {
      wrapping = !this.#uncertain;
      bytes = (wrapping ? '' : autowrapOff) + this.#row.map(styled).join('');
    }
    for (const { text, style } of spans) {
      let shown = '';
      let line = '';
      let row = '';
      const endRow = (hard: boolean) => {
        if (hard) {
          shown += wrapping ? '\r\n' : `${autowrapOn}\r\n`;
          wrapping = true;
          this.#line = [];
          line = '';
        }
        rows++;
        row = '';
        this.#row = [];
        this.#column = 0;
        this.#uncertain = false;
      };
      for (const [index, part] of text.split('\n').entries()) {
        if (index > 0) endRow(true);
        for (const grapheme of graphemes(part)) {
          const agreed = hasAgreedWidth(grapheme);
          const columns = agreed ? width(grapheme) : greatestWidth(grapheme);
          if (columns > 0 && this.#column + columns > this.columns) endRow(this.#uncertain || !agreed);
          if (!agreed) this.#uncertain = true;
          if (this.#uncertain && wrapping) {
            shown += autowrapOff;
            wrapping = false;
          }
          shown += grapheme;
          row += grapheme;
          line += grapheme;
          this.#column += columns;
        }
      }
      addSpan(this.#line, { text: line, style });
      addSpan(this.#row, { text: row, style });
      bytes += styled({ text: shown, style });
    }
    return { bytes: wrapping ? bytes : bytes + autowrapOn, rows };
  }

  /** The terminal has flowed the last line into another width. */
  resize(columns: number): void {
    const line = this.#line;
    this.columns = columns;
    this.#column = 0;
    this.#line = [];
    this.#row = [];
    this.#uncertain = false;
    this.write(line);
  }
}

/** Adds a span to a list, joined to the last one when they look the same. */
export function addSpan(spans: Span[], { text, style }: Span): void {
  if (text === '') return;
  const last = spans.at(-1);
  if (last?.style === style) spans[spans.length - 1] = { text: last.text + text, style };
  else spans.push({ text, style });
}

function styled(span: Span): string {
  return span.style === '' || span.text === '' ? span.text : `${span.style}${span.text}\x1b[0m`;
}
