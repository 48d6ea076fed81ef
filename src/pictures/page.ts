import { columnsOf, visibleLine, wrap } from './label.ts';
import type { Palette } from './palette.ts';
import { type Colour, column, type Mark, type Picture, row, type Text } from './picture.ts';

/** What a drawer is given besides the numbers. */
export interface Frame {
  /** Units the picture should be wide; it may come out wider where the numbers need it. */
  readonly width: number;
  readonly palette: Palette;
}

/** A picture under way: a heading, then whatever a drawer puts below it. */
export class Page {
  readonly palette: Palette;
  readonly width: number;
  /** Where the next thing goes, from the top. */
  y = 0;
  readonly #title: string;
  readonly #marks: Mark[] = [];

  constructor(title: string, { width, palette }: Frame) {
    this.#title = visibleLine(title);
    this.palette = palette;
    this.width = width;
    for (const line of wrap(this.#title, this.columns)) this.line(line, { bold: true });
  }

  /** Characters in a line. */
  get columns(): number {
    return Math.floor(this.width / column);
  }

  add(...marks: readonly Mark[]): void {
    this.#marks.push(...marks);
  }

  /** A text whose line's middle is at `y`. */
  text(
    x: number,
    y: number,
    text: string,
    look: Partial<Omit<Text, 'type' | 'x' | 'y' | 'text'>> = {},
  ): void {
    this.add({ type: 'text', x, y, text, colour: this.palette.ink, ...look });
  }

  /** A line of text at the left, and a step down. */
  line(text: string, look: { readonly bold?: boolean; readonly colour?: Colour } = {}): void {
    this.text(0, this.y + row / 2, text, look);
    this.y += row;
  }

  /** A block of one colour that lies on the grid. */
  block(x: number, y: number, width: number, height: number, fill: Colour): void {
    this.add({ type: 'rect', x, y, width, height, fill });
  }

  finish(description: string): Picture {
    const { background, ink } = this.palette;
    const right = Math.max(this.width, ...this.#marks.map(rightEnd));
    return {
      title: this.#title,
      description: visibleLine(description),
      width: Math.ceil(right / column) * column,
      height: Math.ceil(this.y / row) * row,
      background,
      ink,
      marks: this.#marks,
    };
  }
}

function rightEnd(mark: Mark): number {
  switch (mark.type) {
    case 'rect':
      return mark.x + mark.width;
    case 'line':
      return Math.max(...mark.points.map(([x]) => x));
    case 'text': {
      const wide = columnsOf(mark.text) * (mark.small ? 5 : column);
      return mark.x + (mark.anchor === 'end' ? 0 : mark.anchor === 'middle' ? wide / 2 : wide);
    }
    default:
      return mark satisfies never;
  }
}
