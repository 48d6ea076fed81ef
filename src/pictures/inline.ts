/** Pictures inside a terminal's text, for those that show images. */
import type { Picture } from './picture.ts';
import { column, row } from './picture.ts';
import { toPixels, toPng } from './png.ts';
import { toSixel } from './sixel.ts';
import { margin } from './svg.ts';

export type ImageProtocol = 'kitty' | 'iterm2' | 'sixel';

export interface InlineOptions {
  readonly protocol: ImageProtocol;
  /** Most columns and rows it may take. */
  readonly columns: number;
  readonly rows: number;
  /** Pixels of one of the terminal's cells; needed for `sixel`. */
  readonly cell?: { readonly width: number; readonly height: number };
}

export interface InlineImage {
  /** Draws it with the cursor at its top left; where the cursor is afterwards differs. */
  readonly bytes: string;
  readonly rows: number;
}

/** Kitty takes at most so much of an image in one sequence. */
const kittyChunk = 4096;

/** A picture as the bytes that draw it, at its own size or as large as there is room. */
export async function toInline(picture: Picture, options: InlineOptions): Promise<InlineImage> {
  const { cell = { width: column, height: row } } = options;
  const [wide, high] = [picture.width + 2 * margin, picture.height + 2 * margin];
  const aspect = (high / wide) * (cell.width / cell.height); // rows a column
  const own = Math.ceil(wide / column);
  const columns = Math.max(1, Math.min(own, options.columns, Math.floor(options.rows / aspect)));
  const rows = Math.max(1, Math.min(options.rows, Math.ceil(columns * aspect)));
  switch (options.protocol) {
    case 'kitty':
      return { bytes: kitty(await toPng(picture), columns, rows), rows };
    case 'iterm2':
      return { bytes: iterm2(await toPng(picture), columns, rows), rows };
    case 'sixel': {
      const pixels = await toPixels(picture, columns * cell.width);
      return { bytes: toSixel(pixels), rows: Math.ceil(pixels.height / cell.height) };
    }
    default:
      return options.protocol satisfies never;
  }
}

/** https://sw.kovidgoyal.net/kitty/graphics-protocol: transmit and show a PNG, silently, the cursor left alone. */
function kitty(png: Buffer, columns: number, rows: number): string {
  const data = png.toString('base64');
  const chunks = data.match(new RegExp(`.{1,${kittyChunk}}`, 'g')) ?? [];
  return chunks
    .map((chunk, index) => {
      const first = index === 0 ? `a=T,f=100,q=2,C=1,c=${columns},r=${rows},` : '';
      return `\x1b_G${first}m=${index < chunks.length - 1 ? 1 : 0};${chunk}\x1b\\`;
    })
    .join('');
}

/** https://iterm2.com/documentation-images.html */
function iterm2(png: Buffer, columns: number, rows: number): string {
  const place = `inline=1;size=${png.length};width=${columns};height=${rows};preserveAspectRatio=1`;
  return `\x1b]1337;File=${place};doNotMoveCursor=1:${png.toString('base64')}\x07`;
}
