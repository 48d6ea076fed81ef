import type { PanelRoom } from '../panel.ts';
import { truncate, width } from '../terminal/cells.ts';
import { addSpan, type Span } from '../terminal/tape.ts';
import type { Theme } from '../theme.ts';
import { Column } from './column.ts';
import type { Layout } from './layout.ts';

/** Narrower columns are hard to read. */
const leastColumn = 20;
const between = ' │ ';
/** Rows of the panel besides the status. */
const mostRows = 6;

/** Width of one of several columns; undefined where they do not fit side by side. */
export function columnWidth(columns: number, count: number): number | undefined {
  const each = Math.floor((columns - 1 - between.length * (count - 1)) / count);
  return each >= leastColumn ? each : undefined;
}

/**
 * Answers in columns. A row leaves for the transcript when no column can change it any more; of what is left, the
 * panel shows each column's last rows.
 */
export class SideBySide implements Layout {
  readonly #titles: readonly string[];
  readonly #theme: Theme;
  readonly #columns: readonly Column[];
  readonly #status: string[];
  readonly #hasFailed = new Set<number>();
  #width: number;
  #hasTitles = false;
  #hasStatus = false;
  /** The panel grows and never shrinks. */
  #panelRows = 1;

  constructor(titles: readonly string[], theme: Theme, width: number) {
    this.#titles = titles;
    this.#theme = theme;
    this.#width = width;
    this.#columns = titles.map(() => new Column(width));
    this.#status = titles.map(() => '');
  }

  add(index: number, text: string): void {
    this.#columns[index]!.add(text);
  }

  end(index: number, footer: string): void {
    this.#columns[index]!.end();
    this.#status[index] = footer;
  }

  fail(index: number, message: string): void {
    this.#hasFailed.add(index);
    this.#columns[index]!.add(message);
    this.end(index, '');
  }

  setStatus(index: number, status: string): void {
    if (!this.#columns[index]!.isDone) this.#status[index] = status;
  }

  /** For columns of another width; what has been taken stays as it is. */
  resize(width: number): void {
    this.#width = width;
    for (const column of this.#columns) column.resize(width);
  }

  takeFinal(): Span[] {
    const spans: Span[] = [];
    if (!this.#hasTitles) spans.push(...this.#line(this.#titles, () => this.#theme.strong));
    this.#hasTitles = true;
    const canGo = () =>
      this.#columns.every(({ finalCount, isDone }) => finalCount > 0 || isDone) &&
      this.#columns.some(({ finalCount }) => finalCount > 0);
    while (canGo()) {
      const row = this.#columns.map((column) => column.take() ?? '');
      spans.push(...this.#line(row, (index) => (this.#hasFailed.has(index) ? this.#theme.error : '')));
    }
    if (!this.#hasStatus && this.#columns.every(({ isDone }) => isDone)) {
      this.#hasStatus = true;
      if (this.#status.some((status) => status !== ''))
        spans.push(...this.#line(this.#status, () => this.#theme.dim));
    }
    return spans;
  }

  rows({ most }: PanelRoom): string[] {
    const room = Math.max(0, Math.min(mostRows, most - 1));
    const tails = this.#columns.map((column) => column.tail(room));
    this.#panelRows = Math.min(room, Math.max(this.#panelRows, ...tails.map(({ length }) => length)));
    const rows = Array.from({ length: this.#panelRows }, (_, row) =>
      this.#line(
        tails.map((tail) => tail[row] ?? ''),
        () => '',
      ),
    );
    return [...rows, this.#line(this.#status, () => this.#theme.dim)].map(paintLine);
  }

  /** What is left of each answer, for another layout: its text, and how it ended. */
  takeRest(): { text: string; footer?: string; hasFailed: boolean }[] {
    return this.#columns.map((column, index) => ({
      text: column.takeText(),
      hasFailed: this.#hasFailed.has(index),
      ...(column.isDone ? { footer: this.#status[index]! } : {}),
    }));
  }

  #line(cells: readonly string[], styleOf: (index: number) => string): Span[] {
    const spans: Span[] = [];
    const lastWithText = cells.findLastIndex((cell) => cell !== '');
    for (const [index, cell] of cells.slice(0, lastWithText + 1).entries()) {
      if (index > 0) addSpan(spans, { text: between, style: this.#theme.dim });
      const shown = truncate(cell, this.#width);
      const pad = index < lastWithText ? ' '.repeat(Math.max(0, this.#width - width(shown))) : '';
      addSpan(spans, { text: shown, style: styleOf(index) });
      addSpan(spans, { text: pad, style: '' });
    }
    addSpan(spans, { text: '\n', style: '' });
    return spans;
  }
}

function paintLine(spans: readonly Span[]): string {
  return spans
    .map(({ text, style }) => (style === '' ? text : `${style}${text}\x1b[0m`))
    .join('')
    .replace(/\n$/, '');
}
