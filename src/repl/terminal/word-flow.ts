import { graphemes, width } from './cells.ts';
import { addSpan, type Span } from './tape.ts';

/** A word is held back only if it begins this near to the right edge: elsewhere letters are shown as they come. */
const nearEdge = 20;

/**
 * Ends rows between words while text streams. A terminal would cut a word at its edge: a word that begins near it is
 * held back until it is whole, and goes to the next row when it does not fit. Nothing that was shown is touched again.
 * What has no spaces (Chinese, a long address) and verbatim text (code) is left to the terminal.
 */
export class WordFlow {
  readonly #columns: () => number;
  /** Columns of the line so far, what is held back not counted; rows that the terminal wrapped included. */
  #used = 0;
  #held: Span[] = [];
  #heldColumns = 0;
  /** Of those, the spaces before the word. */
  #heldSpaces = 0;

  constructor(columns: () => number) {
    this.#columns = columns;
  }

  /** Gives what can be shown now. A line end releases everything before it. */
  push(spans: readonly Span[]): Span[] {
    const out: Span[] = [];
    for (const { text, style, verbatim } of spans) {
      if (verbatim) {
        this.#release(out);
        this.#add(out, text, style);
      } else for (const grapheme of graphemes(text)) this.#take(out, grapheme, style);
    }
    return out;
  }

  #take(out: Span[], grapheme: string, style: string): void {
    if (grapheme === '\n') {
      this.#release(out);
      this.#clear(); // spaces for which the row had no room
      this.#add(out, grapheme, style);
      return;
    }
    const columns = width(grapheme);
    const isSpace = grapheme === ' ';
    if (columns === 2 || (isSpace && this.#heldColumns > this.#heldSpaces)) this.#release(out);
    if (columns === 2) {
      this.#add(out, grapheme, style);
      return;
    }
    addSpan(this.#held, { text: grapheme, style });
    this.#heldColumns += columns;
    if (isSpace) this.#heldSpaces += columns;
    const room = this.#room();
    const isInsideWord = this.#heldSpaces === 0 || this.#used === 0;
    if (isInsideWord || this.#heldColumns > room || room - this.#heldSpaces > nearEdge) this.#release(out);
  }

  /** Lets go of what is held: on this row where it fits, else on the next without its spaces. */
  #release(out: Span[]): void {
    const held = this.#held;
    const hasWord = this.#heldColumns > this.#heldSpaces;
    const breaks = this.#heldColumns > this.#room() && this.#heldSpaces > 0 && this.#used > 0;
    if (breaks && !hasWord) return;
    this.#clear();
    if (breaks) this.#add(out, '\n', '');
    let isLeading = breaks;
    for (const { text, style } of held) {
      const shown = isLeading ? text.trimStart() : text;
      if (shown !== '') isLeading = false;
      this.#add(out, shown, style);
    }
  }

  #clear(): void {
    this.#held = [];
    this.#heldColumns = 0;
    this.#heldSpaces = 0;
  }

  #add(out: Span[], text: string, style: string): void {
    addSpan(out, { text, style });
    const lastEnd = text.lastIndexOf('\n');
    if (lastEnd >= 0) this.#used = 0;
    this.#used += width(text.slice(lastEnd + 1));
  }

  /** Columns left on the row. At the start of a line all of them, on a row that is full none. */
  #room(): number {
    const columns = this.#columns();
    if (!Number.isFinite(columns)) return Number.POSITIVE_INFINITY;
    return this.#used === 0 ? columns : columns - (((this.#used - 1) % columns) + 1);
  }
}
