import { fileURLToPath } from 'node:url';
import type { Picture } from './picture.ts';
import type { Pixels } from './sixel.ts';
import { toSvg } from './svg.ts';

/** Pixels a unit. */
const scale = 2;

/**
 * The picture as a PNG, twice its size for sharp text, with the fonts that ship beside us: it looks the same
 * on every machine. The renderer (a native library) is loaded on first use.
 */
export async function toPng(picture: Picture): Promise<Buffer> {
  return (await render(picture, { mode: 'zoom', value: scale })).asPng();
}

/** The picture as pixels, so many wide. */
export async function toPixels(picture: Picture, width: number): Promise<Pixels> {
  const image = await render(picture, { mode: 'width', value: width });
  return { width: image.width, height: image.height, rgba: image.pixels };
}

async function render(
  picture: Picture,
  fitTo: { readonly mode: 'zoom' | 'width'; readonly value: number },
): ReturnType<typeof import('@resvg/resvg-js')['renderAsync']> {
  const { renderAsync } = await import('@resvg/resvg-js');
  const fontFiles = ['DejaVuSansMono.ttf', 'DejaVuSansMono-Bold.ttf'].map((name) =>
    fileURLToPath(import.meta.resolve(`dejavu-fonts-ttf/ttf/${name}`)),
  );
  return renderAsync(toSvg(picture), {
    fitTo,
    font: {
      fontFiles,
      loadSystemFonts: false,
      defaultFontFamily: 'DejaVu Sans Mono',
      monospaceFamily: 'DejaVu Sans Mono',
    },
  });
}
