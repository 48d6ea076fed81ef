/**
 * Pixels as Sixel graphics (DEC STD 070, VT330/340 Programmer Reference Manual, chapter 14). The libraries on npm
 * have had no release for years, and the format is small: bands of six rows, each drawn once for every colour in it.
 */

/** 6 levels of red, green and blue, and 24 greys for the smooth edges of text: what looks the same in every terminal. */
const levels = 6;
const greys = 24;

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue and alpha of every pixel, row by row; alpha is taken as opaque. */
  readonly rgba: Uint8Array; // (H, W, 4)
}

/** The sequence that draws the pixels with the cursor at their top left. */
export function toSixel({ width, height, rgba }: Pixels): string {
  const colours = Uint8Array.from({ length: width * height }, (_, i) =>
    nearest(rgba[i * 4]!, rgba[i * 4 + 1]!, rgba[i * 4 + 2]!),
  );
  const used = [...new Set(colours)].sort((a, b) => a - b);
  const palette = used.map((colour) => `#${colour};2;${percents(colour).join(';')}`).join('');
  const bands: string[] = [];
  for (let top = 0; top < height; top += 6) bands.push(drawBand(colours, width, height, top));
  // P2 = 1: what no band draws keeps its colour. Raster attributes: square pixels, the size.
  return `\x1bP0;1;0q"1;1;${width};${height}${palette}${bands.join('-')}\x1b\\`;
}

/** Six rows: for each colour in them the columns as six bits each, then back to the left for the next colour. */
function drawBand(colours: Uint8Array, width: number, height: number, top: number): string {
  const rows = Math.min(6, height - top);
  const masks = new Map<number, Uint8Array>();
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < width; x++) {
      const colour = colours[(top + y) * width + x]!;
      const mask = masks.get(colour) ?? new Uint8Array(width);
      masks.set(colour, mask);
      mask[x]! |= 1 << y;
    }
  }
  return [...masks].map(([colour, mask]) => `#${colour}${runLengths(mask)}`).join('$');
}

function runLengths(mask: Uint8Array): string {
  let text = '';
  for (let x = 0; x < mask.length; ) {
    let end = x + 1;
    while (end < mask.length && mask[end] === mask[x]) end++;
    const character = String.fromCharCode(63 + mask[x]!);
    const count = end - x;
    // Empty columns at the end need not be drawn.
    if (end < mask.length || mask[x] !== 0)
      text += count > 3 ? `!${count}${character}` : character.repeat(count);
    x = end;
  }
  return text;
}

function nearest(red: number, green: number, blue: number): number {
  const level = (value: number) => Math.round((value / 255) * (levels - 1));
  const [r, g, b] = [level(red), level(green), level(blue)];
  const grey = Math.round(((red + green + blue) / 3 / 255) * (greys - 1));
  const cubeDistance = distance(red, green, blue, r * 51, g * 51, b * 51);
  const greyValue = (grey * 255) / (greys - 1);
  return distance(red, green, blue, greyValue, greyValue, greyValue) < cubeDistance
    ? levels ** 3 + grey
    : (r * levels + g) * levels + b;
}

function distance(r: number, g: number, b: number, r2: number, g2: number, b2: number): number {
  return (r - r2) ** 2 + (g - g2) ** 2 + (b - b2) ** 2;
}

/** Red, green and blue of a colour number in percent, as Sixel wants them. */
function percents(colour: number): readonly number[] {
  if (colour >= levels ** 3) {
    const grey = Math.round(((colour - levels ** 3) * 100) / (greys - 1));
    return [grey, grey, grey];
  }
  const parts = [Math.floor(colour / levels ** 2), Math.floor(colour / levels) % levels, colour % levels];
  return parts.map((part) => Math.round((part * 100) / (levels - 1)));
}
