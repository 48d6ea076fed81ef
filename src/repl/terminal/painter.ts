import { hasAgreedWidth } from './cells.ts';
import { type Cell, fromCells, toCells } from './sgr.ts';
import { addSpan, type Span, Tape } from './tape.ts';

/** What is redrawn at the bottom of the screen: the editor, a menu, the status line. */
export interface Frame {
  readonly lines: readonly string[];
  /** Place of the terminal's cursor, from the frame's top left; null hides it. */
  readonly cursor: { readonly x: number; readonly y: number } | null;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/**
 * What the terminal does when its width changes. Most flow their lines anew and keep the cursor at its
 * character. xterm.js (VS Code and many web terminals) leaves the cursor's line alone and moves the cursor
 * by every row added, those below it included. xterm and the Linux console cut lines off (`none`).
 */
export type Reflow = 'tracks-cursor' | 'xterm.js' | 'none';

const beginUpdate = '\x1b[?2026h';
const endUpdate = '\x1b[?2026l';
const eraseBelow = '\x1b[J';
const eraseRight = '\x1b[K';

/**
 * Turns "this text was added to the transcript" and "the frame now looks so" into the fewest bytes.
 * The transcript is written once, above the frame, and scrolls away by itself; of the frame only changed
 * cells are drawn. Nothing is ever cleared but the frame's own rows, so the scroll-back holds exactly the
 * transcript. All moves are relative: the painter need not know where on the screen it is.
 */
export class Painter {
  readonly #write: (bytes: string) => void;
  readonly #reflow: Reflow;
  readonly #tape: Tape;
  #rows: number;
  #pending: Span[] = [];
  #next: Frame = { lines: [''], cursor: { x: 0, y: 0 } };
  // What is on the screen now.
  #drawn: Cell[][] = [[]];
  #cursor = { x: 0, y: 0 };
  #cursorShown = true;
  // Row of the terminal's cursor counted from the frame's top, while bytes are put together.
  #row = 0;

  constructor(write: (bytes: string) => void, size: Size, reflow: Reflow = 'tracks-cursor') {
    this.#write = write;
    this.#reflow = reflow;
    this.#tape = new Tape(size.columns);
    this.#rows = size.rows;
  }

  /** Adds text to the transcript, for the next `flush`. */
  append(spans: readonly Span[]): void {
    for (const span of spans) addSpan(this.#pending, span);
  }

  /**
   * Draws a picture below the transcript, in `rows` rows of its own: `bytes` is sent with the cursor at their top
   * left. The rows and the frame must fit on the screen.
   */
  drawImage(bytes: string, rows: number): void {
    this.flush();
    this.append([{ text: (this.#tape.isOpen ? '\n' : '') + '\n'.repeat(rows), style: '' }]);
    this.flush();
    this.#row = this.#cursor.y;
    const there = this.#moveTo(-rows, 0);
    this.#write(`${there}\x1b7${bytes}\x1b8${this.#moveTo(this.#cursor.y, this.#cursor.x)}`);
  }

  /** Rows of the frame that is on the screen. */
  get frameRows(): number {
    return this.#drawn.length;
  }

  /** Replaces the frame, for the next `flush`. */
  setFrame(frame: Frame): void {
    this.#next = frame;
  }

  /** Sends what changed since the last flush as one synchronized update. */
  flush(): void {
    this.#send('');
  }

  #send(before: string): void {
    this.#row = this.#cursor.y;
    const text = this.#drawTranscript();
    const body = before + text + this.#drawFrame();
    if (body === '') return;
    this.#write(beginUpdate + body + endUpdate);
  }

  /**
   * The window changed, and the terminal has already flowed what was on it: finds the frame again, erases
   * it and draws it in the new size.
   */
  resize(size: Size): void {
    const reflows = this.#reflow !== 'none';
    this.#row = this.#cursor.y + this.#rowsAdded(size.columns);
    this.#rows = size.rows;
    if (reflows) this.#tape.resize(size.columns);
    else this.#tape.columns = size.columns;
    const erase = `${this.#moveTo(0, 0)}${eraseBelow}`;
    this.#drawn = [[]];
    this.#cursor = { x: 0, y: 0 };
    // In the same update as the frame: at no moment is the screen without it.
    this.#send(erase);
  }

  /** Takes the frame away and leaves the cursor on an empty row below the transcript. */
  close(): void {
    this.#next = { lines: [''], cursor: { x: 0, y: 0 } };
    this.flush();
  }

  /** How far the terminal's cursor is now below its old row of the frame. */
  #rowsAdded(columns: number): number {
    const extra = (line: readonly Cell[]) => Math.max(0, Math.ceil(columnsOf(line) / columns) - 1);
    if (this.#reflow === 'none') return 0;
    if (this.#reflow === 'tracks-cursor') {
      let added = Math.floor(this.#cursor.x / columns);
      for (const line of this.#drawn.slice(0, this.#cursor.y)) added += extra(line);
      return added;
    }
    // xterm.js flows from the last line up, and takes for the cursor's line the one its row is on by then.
    let row = this.#cursor.y;
    for (let y = this.#drawn.length - 1; y >= 0; y--) if (y !== row) row += extra(this.#drawn[y]!);
    return row - this.#cursor.y;
  }

  #drawTranscript(): string {
    if (this.#pending.length === 0) return '';
    const spans = this.#pending;
    this.#pending = [];
    const gapBefore = this.#tape.isOpen ? 1 : 0;
    const column = this.#tape.resumeColumn;
    const { bytes, rows } = this.#tape.write(spans);
    const gap = this.#tape.isOpen ? 1 : 0;
    const shift = rows + gap - gapBefore;
    const height = this.#drawn.length;
    let out = '';
    if (shift + gapBefore + height >= this.#rows) {
      // More text than the screen can take beside the frame: draw the frame again below it.
      out = `${this.#moveTo(-gapBefore, column)}${eraseBelow}${bytes}${gap ? '\r\n' : ''}`;
      this.#drawn = [[]];
      this.#row = 0;
      return out;
    }
    if (shift > 0) {
      out += this.#moveTo(height - 1, 0) + '\n'.repeat(shift);
      this.#row += shift;
      out += `${this.#moveTo(0, 0)}\x1b[${shift === 1 ? '' : shift}L`;
    }
    out += this.#moveTo(-gapBefore, column) + bytes;
    // The frame's top has moved down by `shift`.
    this.#row = -gap;
    return out;
  }

  #drawFrame(): string {
    const next = this.#clip(this.#next);
    let out = '';
    if (next.lines.length > this.#drawn.length) {
      const added = next.lines.length - this.#drawn.length;
      out += this.#moveTo(this.#drawn.length - 1, 0) + '\n'.repeat(added);
      this.#row += added;
      for (let i = 0; i < added; i++) this.#drawn.push([]);
    }
    for (const [y, cells] of next.lines.entries()) out += this.#drawLine(y, this.#drawn[y]!, cells);
    if (next.lines.length < this.#drawn.length) out += this.#moveTo(next.lines.length, 0) + eraseBelow;
    this.#drawn = next.lines;
    const cursor = next.cursor ?? { x: 0, y: next.lines.length - 1 };
    if (out !== '' || cursor.x !== this.#cursor.x || cursor.y !== this.#row)
      out += this.#moveTo(cursor.y, cursor.x);
    this.#cursor = cursor;
    if ((next.cursor !== null) !== this.#cursorShown) {
      this.#cursorShown = next.cursor !== null;
      out += this.#cursorShown ? '\x1b[?25h' : '\x1b[?25l';
    }
    return out;
  }

  #drawLine(y: number, before: readonly Cell[], after: readonly Cell[]): string {
    let same = 0;
    while (same < before.length && same < after.length && isSame(before[same]!, after[same]!)) same++;
    if (same === before.length && same === after.length) return '';
    // Cells after one of uncertain width may stand elsewhere than we think: draw such a line whole.
    if ([...before, ...after].some((cell) => !hasAgreedWidth(cell.text))) same = 0;
    const start = columnsOf(after.slice(0, same));
    const shorter = same === 0 || columnsOf(after) < columnsOf(before);
    const erase = shorter && before.length > 0 ? eraseRight : '';
    return `${this.#moveTo(y, start)}${erase}\x1b[?7l${fromCells(after.slice(same))}\x1b[?7h`;
  }

  // A frame must leave a row for the transcript; rows far from the cursor give way.
  #clip(frame: Frame): { lines: Cell[][]; cursor: { x: number; y: number } | null } {
    const most = Math.max(1, this.#rows - 1);
    const all = frame.lines.length === 0 ? [''] : frame.lines;
    const y = frame.cursor?.y ?? all.length - 1;
    const from = Math.max(0, Math.min(all.length - most, y));
    const lines = all.slice(from, from + most).map((line) => clipCells(toCells(line), this.#tape.columns));
    const cursor = frame.cursor && {
      x: Math.min(frame.cursor.x, this.#tape.columns - 1),
      y: Math.min(y - from, lines.length - 1),
    };
    return { lines, cursor };
  }

  #moveTo(row: number, column: number): string {
    const down = row - this.#row;
    this.#row = row;
    const vertical =
      down === 0 ? '' : `\x1b[${Math.abs(down) === 1 ? '' : Math.abs(down)}${down > 0 ? 'B' : 'A'}`;
    return vertical + (column === 0 ? '\r' : `\x1b[${column + 1}G`);
  }
}

function isSame(a: Cell, b: Cell): boolean {
  return a.text === b.text && a.style === b.style;
}

function columnsOf(cells: readonly Cell[]): number {
  let columns = 0;
  for (const cell of cells) columns += cell.columns;
  return columns;
}

function clipCells(cells: Cell[], columns: number): Cell[] {
  let used = 0;
  for (const [index, cell] of cells.entries()) {
    used += cell.columns;
    if (used > columns) return cells.slice(0, index);
  }
  return cells;
}
