import stringWidth from 'string-width';

/** Text as a terminal sees it: graphemes in cells, one or two columns each. */

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const printableAscii = /^[ -~]*$/;
// Alphabets, punctuation, arrows and box drawing take one column, CJK takes two, in every terminal.
const oneColumn =
  /^[\u0020-\u007e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u052f\u1e00-\u1fff\u2010-\u2027\u2030-\u203b\u2190-\u2193\u2500-\u259f][\u0300-\u036f]*$/;
const twoColumns =
  /^[\u2e80-\u2fd5\u3001-\u3029\u3030-\u303d\u3041-\u3096\u30a0-\u30ff\u3105-\u312f\u3131-\u318e\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff01-\uff60]$/;

/** The graphemes of a text, in order: what a person calls a character. */
export function graphemes(text: string): string[] {
  if (printableAscii.test(text)) return text.split('');
  return Array.from(segmenter.segment(text), (part) => part.segment);
}

/** Columns that one line of unstyled text takes. */
export function width(text: string): number {
  return printableAscii.test(text) ? text.length : stringWidth(text);
}

/**
 * Whether every terminal gives this grapheme the width we do. Terminals differ over emoji, flags, joined
 * sequences and many scripts: whoever paints those must not rely on where the terminal would wrap.
 */
export function hasAgreedWidth(grapheme: string): boolean {
  return oneColumn.test(grapheme) || twoColumns.test(grapheme);
}

/** The most columns that any terminal may give this grapheme: those that draw its parts side by side. */
export function greatestWidth(grapheme: string): number {
  let apart = 0;
  for (const character of grapheme) apart += stringWidth(character);
  return Math.max(apart, stringWidth(grapheme));
}

/** Cuts a line to at most `columns`, ending in `…` when something was left out. */
export function truncate(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  let result = '';
  let used = 0;
  for (const grapheme of graphemes(text)) {
    const wide = width(grapheme);
    if (used + wide > columns - 1) break;
    result += grapheme;
    used += wide;
  }
  return columns > 0 ? `${result}…` : '';
}

/** Ends lines between words, so that none is wider than `columns`; a word that is wider stays whole. */
export function wrapWords(text: string, columns: number): string {
  return text
    .split('\n')
    .map((line) => {
      const indent = /^ */.exec(line)![0];
      let wrapped = '';
      let used = 0;
      for (const [index, word] of line.slice(indent.length).split(' ').entries()) {
        const wide = width(word);
        if (index > 0 && used + 1 + wide > columns) {
          wrapped += `\n${indent}${word}`;
          used = indent.length + wide;
        } else {
          wrapped += index === 0 ? indent + word : ` ${word}`;
          used += index === 0 ? indent.length + wide : 1 + wide;
        }
      }
      return wrapped;
    })
    .join('\n');
}

/** One row of a wrapped text. */
export interface WrappedRow {
  /** Without the space or line end that it was broken at. */
  readonly text: string;
  /** The part of the text that the row stands for: all rows' together are the text. */
  readonly raw: string;
}

/**
 * Breaks a text into rows of at most `columns`, between words where it can. Text added later changes only the last
 * row, so that all rows before it can be shown for good.
 */
export function wrapRows(text: string, columns: number): WrappedRow[] {
  const rows: WrappedRow[] = [];
  for (const part of text.split(/(?<=\n)/)) {
    const isWhole = part.endsWith('\n');
    let start = 0;
    let used = 0;
    let at = 0;
    let afterSpace = 0;
    let wordColumns = 0;
    const endRow = (end: number, next: number) => {
      rows.push({ text: part.slice(start, end), raw: part.slice(start, next) });
      start = next;
    };
    for (const grapheme of graphemes(isWhole ? part.slice(0, -1) : part)) {
      const wide = width(grapheme);
      if (grapheme === ' ' && used + 1 > columns) {
        endRow(at, at + 1);
        used = 0;
      } else {
        if (used + wide > columns && afterSpace > start) {
          endRow(afterSpace - 1, afterSpace);
          used = wordColumns;
        }
        if (used + wide > columns && used > 0) {
          endRow(at, at);
          used = 0;
        }
        used += wide;
      }
      at += grapheme.length;
      wordColumns = grapheme === ' ' ? 0 : wordColumns + wide;
      if (grapheme === ' ') afterSpace = at;
    }
    endRow(isWhole ? part.length - 1 : part.length, part.length);
  }
  if (text.endsWith('\n')) rows.push({ text: '', raw: '' });
  return rows;
}
