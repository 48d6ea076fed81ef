import { mix, type Rgb, toRgb } from './palette.ts';
import type { Line, Rect } from './picture.ts';

/** Half-cells: each of a terminal's cells shows two, one above the other. undefined is the background. */
export class HalfBlocks {
  readonly #pixels: (Rgb | undefined)[];
  readonly #columns: number;
  readonly #rows: number;
  readonly #background: Rgb;

  constructor(columns: number, rows: number, background: Rgb) {
    this.#columns = columns;
    this.#rows = rows * 2;
    this.#background = background;
    this.#pixels = new Array(columns * this.#rows);
  }

  at(x: number, y: number): Rgb | undefined {
    return this.#pixels[y * this.#columns + x];
  }

  /** Paints a rectangle given in cells; a pixel that it covers in part takes its colour in part. */
  paint(left: number, top: number, right: number, bottom: number, fill: Rgb): void {
    for (let y = Math.max(0, Math.floor(top * 2)); y < Math.min(this.#rows, bottom * 2); y++) {
      const tall = overlap(y, top * 2, bottom * 2);
      for (let x = Math.max(0, Math.floor(left)); x < Math.min(this.#columns, right); x++) {
        const share = tall * overlap(x, left, right);
        if (share < 0.02) continue;
        const i = y * this.#columns + x;
        this.#pixels[i] = share > 0.98 ? fill : mix(this.#pixels[i] ?? this.#background, fill, share);
      }
    }
  }

  clear(left: number, top: number, right: number, bottom: number): void {
    for (let y = top * 2; y < bottom * 2; y++)
      for (let x = left; x < right; x++) this.#pixels[y * this.#columns + x] = undefined;
  }
}

/** Lines in braille: two by four dots a cell. */
export class Dots {
  readonly #cells = new Map<number, { pattern: number; colour: Rgb }>();
  readonly #columns: number;

  constructor(columns: number) {
    this.#columns = columns;
  }

  at(x: number, y: number): { readonly character: string; readonly colour: Rgb } | undefined {
    const cell = this.#cells.get(y * this.#columns + x);
    return cell && { character: String.fromCharCode(0x2800 + cell.pattern), colour: cell.colour };
  }

  /** Draws a line whose points are scaled by `toX` and `toY` to cells. */
  draw({ points, colour }: Line, toX: (x: number) => number, toY: (y: number) => number): void {
    const rgb = toRgb(colour);
    for (const [i, [fromX, fromY]] of points.entries()) {
      const [x, y] = points[i + 1] ?? [fromX, fromY];
      const [x0, y0, x1, y1] = [toX(fromX) * 2, toY(fromY) * 4, toX(x) * 2, toY(y) * 4];
      const steps = Math.max(1, Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0))));
      for (let step = 0; step <= steps; step++) {
        const t = step / steps;
        this.#set(Math.floor(x0 + (x1 - x0) * t), Math.floor(y0 + (y1 - y0) * t), rgb);
      }
    }
  }

  clear(left: number, top: number, right: number, bottom: number): void {
    for (let y = top; y < bottom; y++)
      for (let x = left; x < right; x++) this.#cells.delete(y * this.#columns + x);
  }

  #set(x: number, y: number, colour: Rgb): void {
    if (x < 0 || y < 0 || x >= this.#columns * 2) return;
    const i = (y >> 2) * this.#columns + (x >> 1);
    const pattern = (this.#cells.get(i)?.pattern ?? 0) | brailleBits[x & 1]![y & 3]!;
    this.#cells.set(i, { pattern, colour });
  }
}

/** Corners of an outline in cells, or undefined when it is too small to draw. */
export function outlineOf(
  { x, y, width, height }: Rect,
  toX: (x: number) => number,
  toY: (y: number) => number,
): { left: number; top: number; right: number; bottom: number } | undefined {
  const corners = {
    left: Math.floor(toX(x)),
    top: Math.floor(toY(y)),
    right: Math.floor(toX(x + width)),
    bottom: Math.floor(toY(y + height)),
  };
  return corners.right > corners.left && corners.bottom > corners.top ? corners : undefined;
}

// Unicode numbers the dots 1 2 3 7 down the left side and 4 5 6 8 down the right.
const brailleBits = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;

/** How much of the pixel [at, at + 1] lies in [low, high]. */
function overlap(at: number, low: number, high: number): number {
  return Math.max(0, Math.min(at + 1, high) - Math.max(at, low));
}
