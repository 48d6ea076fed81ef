import { columnsOf, graphemesOf } from './label.ts';
import { luminance, type Rgb, readableOn, type Theme, toRgb } from './palette.ts';
import { type Colour, column, type Picture, type Rect, row, type Text } from './picture.ts';
import { Dots, HalfBlocks, outlineOf } from './raster.ts';

/** How many colours a terminal shows. */
export type ColourDepth = 'truecolor' | '256' | 'none';

export interface CellOptions {
  readonly columns: number;
  /** The picture is made smaller to fit into so many lines; default: as many as it takes. */
  readonly rows?: number;
  readonly colour: ColourDepth;
}

/** What the terminal says of its colours (https://no-color.org; COLORTERM; TERM). */
export function colourDepthOf(env: NodeJS.ProcessEnv): ColourDepth {
  const term = env['TERM'] ?? '';
  if (env['NO_COLOR'] || term === 'dumb') return 'none';
  const colourTerm = env['COLORTERM'] ?? '';
  return /truecolor|24bit/.test(colourTerm) || term.endsWith('-direct') ? 'truecolor' : '256';
}

/** Whether the terminal is light, where it says so (COLORFGBG, "foreground;background"); most are dark. */
export function themeOf(env: NodeJS.ProcessEnv): Theme {
  const ground = Number(env['COLORFGBG']?.split(';').at(-1) || 0);
  return ground === 7 || ground === 15 ? 'light' : 'dark';
}

/**
 * The picture as lines for a terminal, none wider than `columns`: half-blocks for areas, braille for lines,
 * box characters for outlines. Each line is styled with SGR sequences and leaves no style behind. The
 * background is the terminal's own. A picture drawn `columns` × 8 wide falls exactly into the cells.
 */
export function toCells(picture: Picture, options: CellOptions): string[] {
  const unitsAcross = Math.max(
    column,
    picture.width / options.columns,
    options.rows === undefined ? 0 : picture.height / options.rows / (row / column),
  );
  const screen = new Screen(picture, unitsAcross);
  for (const mark of picture.marks) {
    if (mark.type === 'rect') screen.rect(mark);
    else if (mark.type === 'text') screen.text(mark);
    else screen.dots.draw(mark, screen.toX, screen.toY);
  }
  return screen.lines(options.colour);
}

interface Letter {
  /** '' is the second half of a wide character. */
  readonly text: string;
  /** undefined is the terminal's own. */
  readonly colour: Rgb | undefined;
  readonly bold: boolean;
}

/** What a cell shows, and in what style (SGR sequences, '' for none). */
interface Cell {
  readonly text: string;
  readonly style: string;
}

class Screen {
  readonly toX: (x: number) => number;
  readonly toY: (y: number) => number;
  readonly dots: Dots;
  readonly #blocks: HalfBlocks;
  readonly #letters = new Map<number, Letter>();
  readonly #columns: number;
  readonly #rows: number;
  readonly #background: Rgb;
  readonly #ink: Colour;
  #mostContrast = 0.01;

  constructor({ width, height, background, ink }: Picture, unitsAcross: number) {
    const unitsDown = unitsAcross * (row / column);
    this.toX = (x) => x / unitsAcross;
    this.toY = (y) => y / unitsDown;
    this.#columns = Math.ceil(width / unitsAcross - 1e-9);
    this.#rows = Math.ceil(height / unitsDown - 1e-9);
    this.#background = toRgb(background);
    this.#ink = ink;
    this.dots = new Dots(this.#columns);
    this.#blocks = new HalfBlocks(this.#columns, this.#rows, this.#background);
  }

  rect(mark: Rect): void {
    if (mark.stroke === undefined) {
      const { x, y, width, height } = mark;
      const [left, right] = [this.toX(x), this.toX(x + width)];
      const fill = toRgb(mark.fill);
      this.#mostContrast = Math.max(this.#mostContrast, this.#contrast(fill));
      this.#blocks.paint(left, this.toY(y), right, this.toY(y + height), fill);
      return;
    }
    const corners = outlineOf(mark, this.toX, this.toY);
    if (!corners) return;
    const { left, top, right, bottom } = corners;
    this.dots.clear(left, top, right + 1, bottom + 1);
    this.#blocks.clear(left, top, right + 1, bottom + 1);
    const look = { colour: toRgb(mark.stroke), bold: false };
    const across = '─'.repeat(right - left - 1);
    this.#write(left, top, `╭${across}╮`, look);
    for (let y = top + 1; y < bottom; y++) {
      this.#write(left, y, '│', look);
      this.#write(right, y, '│', look);
    }
    this.#write(left, bottom, `╰${across}╯`, look);
  }

  text({ x, y, text, colour, anchor = 'start', small, bold = false }: Text): void {
    if (small) return;
    const wide = columnsOf(text);
    const shift = anchor === 'start' ? 0 : anchor === 'end' ? wide : wide / 2;
    const left = Math.max(0, Math.floor(this.toX(x) - shift + 1e-6));
    const look = { colour: colour === this.#ink ? undefined : toRgb(colour), bold };
    this.#write(left, Math.floor(this.toY(y)), text, look);
  }

  lines(depth: ColourDepth): string[] {
    return Array.from({ length: this.#rows }, (_, y) => {
      const cells = Array.from({ length: this.#columns }, (_, x) => this.#cell(x, y, depth));
      while (cells.at(-1)?.text === ' ' && cells.at(-1)?.style === '') cells.pop();
      return joinCells(cells);
    });
  }

  #write(x: number, y: number, text: string, look: Omit<Letter, 'text'>): void {
    let at = x;
    for (const grapheme of graphemesOf(text)) {
      const wide = columnsOf(grapheme);
      if (at + wide > this.#columns) return;
      this.#letters.set(y * this.#columns + at, { text: grapheme, ...look });
      if (wide === 2) this.#letters.set(y * this.#columns + at + 1, { text: '', ...look });
      at += wide;
    }
  }

  #cell(x: number, y: number, depth: ColourDepth): Cell {
    const upper = this.#blocks.at(x, y * 2);
    const lower = this.#blocks.at(x, y * 2 + 1);
    const letter = this.#letters.get(y * this.#columns + x);
    if (letter) return this.#letter(letter, upper ?? lower, depth);
    const dot = this.dots.at(x, y);
    if (dot) return styled(dot.character, dot.colour, undefined, depth);
    if (depth === 'none') return { text: this.#shade(upper, lower), style: '' };
    if (!upper) return lower ? styled('▄', lower, undefined, depth) : { text: ' ', style: '' };
    if (!lower) return styled('▀', upper, undefined, depth);
    return same(upper, lower) ? styled(' ', undefined, upper, depth) : styled('▀', upper, lower, depth);
  }

  #letter({ text, colour, bold }: Letter, behind: Rgb | undefined, depth: ColourDepth): Cell {
    const own = behind && !colour ? toRgb(readableOn(hex(behind))) : colour;
    return styled(text, own, behind, depth, bold);
  }

  #contrast(pixel: Rgb): number {
    return Math.abs(luminance(pixel) - luminance(this.#background));
  }

  /** Without colours: how far a cell is from the background, against the farthest of the picture. */
  #shade(upper: Rgb | undefined, lower: Rgb | undefined): string {
    const far = (pixel: Rgb | undefined) => (pixel ? this.#contrast(pixel) / this.#mostContrast : 0);
    const [above, below] = [far(upper), far(lower)];
    if (above > 0.3 && below < 0.1) return '▀';
    if (below > 0.3 && above < 0.1) return '▄';
    return shades[Math.min(Math.floor(((above + below) / 2) * shades.length * 1.1), shades.length - 1)]!;
  }
}

const shades = [' ', '░', '▒', '▓', '█'] as const;
const reset = '\x1b[0m';

function styled(
  text: string,
  colour: Rgb | undefined,
  ground: Rgb | undefined,
  depth: ColourDepth,
  bold = false,
): Cell {
  if (depth === 'none') return { text, style: '' };
  return { text, style: (bold ? '\x1b[1m' : '') + styleOf(colour, ground, depth) };
}

/** SGR sequences for a colour on a ground; undefined is the terminal's own. '' where there are no colours. */
export function styleOf(colour: Rgb | undefined, ground: Rgb | undefined, depth: ColourDepth): string {
  if (depth === 'none') return '';
  return (colour ? sgr(38, colour, depth) : '') + (ground ? sgr(48, ground, depth) : '');
}

function sgr(code: 38 | 48, colour: Rgb, depth: ColourDepth): string {
  const parts = colour.map(Math.round);
  return depth === 'truecolor'
    ? `\x1b[${code};2;${parts.join(';')}m`
    : `\x1b[${code};5;${nearest256(parts)}m`;
}

/** Nearest of the 6 × 6 × 6 cube and the 24 greys, which look the same in every terminal. */
function nearest256(rgb: readonly number[]): number {
  const levels = [0, 95, 135, 175, 215, 255];
  const near = (value: number) =>
    levels.reduce(
      (best, level, i) => (Math.abs(level - value) < Math.abs(levels[best]! - value) ? i : best),
      0,
    );
  const [r, g, b] = rgb.map(near) as [number, number, number];
  const grey = Math.min(Math.max(Math.round((rgb.reduce((sum, part) => sum + part, 0) / 3 - 8) / 10), 0), 23);
  const distance = (other: readonly number[]) =>
    other.reduce((sum, part, i) => sum + (part - rgb[i]!) ** 2, 0);
  const greyLevel = 8 + grey * 10;
  return distance([greyLevel, greyLevel, greyLevel]) < distance([levels[r]!, levels[g]!, levels[b]!])
    ? 232 + grey
    : 16 + 36 * r + 6 * g + b;
}

function joinCells(cells: readonly Cell[]): string {
  let line = '';
  let style = '';
  for (const cell of cells) {
    if (cell.style !== style) line += (style === '' ? '' : reset) + cell.style;
    style = cell.style;
    line += cell.text;
  }
  return style === '' ? line : line + reset;
}

function same(a: Rgb, b: Rgb): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2];
}

function hex(rgb: Rgb): Colour {
  return `#${rgb.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`;
}
