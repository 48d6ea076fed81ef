import { fileURLToPath } from 'node:url';
import type { Picture } from './picture.ts';
import { toSvg } from './svg.ts';

/** Pixels a unit. */
const scale = 2;

/**
 * The picture as a PNG, twice its size for sharp text, with the fonts that ship beside us: it looks the same
 * on every machine. The renderer (a native library) is loaded on first use.
 */
export async function toPng(picture: Picture): Promise<Buffer> {
  const { renderAsync } = await import('@resvg/resvg-js');
  const fontFiles = ['DejaVuSansMono.ttf', 'DejaVuSansMono-Bold.ttf'].map((name) =>
    fileURLToPath(import.meta.resolve(`dejavu-fonts-ttf/ttf/${name}`)),
  );
  const image = await renderAsync(toSvg(picture), {
    fitTo: { mode: 'zoom', value: scale },
    font: {
      fontFiles,
      loadSystemFonts: false,
      defaultFontFamily: 'DejaVu Sans Mono',
      monospaceFamily: 'DejaVu Sans Mono',
    },
  });
  return image.asPng();
}
