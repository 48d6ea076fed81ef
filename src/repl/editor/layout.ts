import { graphemes, truncate, width } from '../terminal/cells.ts';
import { type Folds, foldLabel, isFold } from './folds.ts';

/** One row of the editor on the screen. */
export interface Row {
  /** Offsets into the text, `end` exclusive and without a line end. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Wraps the editor's text; the last column stays free for the cursor. */
export function layoutRows(text: string, columns: number, folds: Folds): Row[] {
  const rows: Row[] = [];
  const most = Math.max(1, columns - 1);
  let offset = 0;
  for (const line of text.split('\n')) {
    let start = offset;
    let shown = '';
    let used = 0;
    for (const grapheme of graphemes(line)) {
      const drawn = isFold(grapheme) ? truncate(foldLabel(folds.get(grapheme) ?? ''), most) : grapheme;
      const wide = width(drawn);
      if (used + wide > most && used > 0) {
        rows.push({ start, end: offset, text: shown });
        start = offset;
        shown = '';
        used = 0;
      }
      shown += drawn;
      used += wide;
      offset += grapheme.length;
    }
    rows.push({ start, end: offset, text: shown });
    offset += 1;
  }
  return rows;
}

/** Where an offset into the text stands on the screen. */
export function placeOf(
  rows: readonly Row[],
  text: string,
  offset: number,
  folds: Folds,
): { x: number; y: number } {
  let y = rows.findIndex((row) => offset >= row.start && offset <= row.end);
  if (y < 0) y = rows.length - 1;
  // The end of a wrapped row is the start of the next.
  if (rows[y + 1]?.start === offset) y++;
  let x = 0;
  for (const grapheme of graphemes(text.slice(rows[y]!.start, offset))) x += cellsOf(grapheme, folds);
  return { x, y };
}

/** The offset nearest to a column of a row. */
export function offsetAt(row: Row, text: string, x: number, folds: Folds): number {
  let offset = row.start;
  let used = 0;
  for (const grapheme of graphemes(text.slice(row.start, row.end))) {
    used += cellsOf(grapheme, folds);
    if (used > x) break;
    offset += grapheme.length;
  }
  return offset;
}

function cellsOf(grapheme: string, folds: Folds): number {
  return width(isFold(grapheme) ? foldLabel(folds.get(grapheme) ?? '') : grapheme);
}
