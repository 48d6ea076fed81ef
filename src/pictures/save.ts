import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../errors.ts';
import type { Picture } from './picture.ts';
import { toPng } from './png.ts';
import { toSvg } from './svg.ts';

/**
 * Writes a picture as PNG or SVG, by the file's name. @returns the whole path.
 * @throws AppError USAGE for another ending, a file that exists (unless `overwrite`) or cannot be written
 */
export async function savePicture(
  picture: Picture,
  name: string,
  { overwrite = false }: { readonly overwrite?: boolean } = {},
): Promise<string> {
  const file = path.resolve(name);
  const content = await render(picture, file);
  try {
    await writeFile(file, content, { flag: overwrite ? 'w' : 'wx' });
  } catch (cause) {
    const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    throw new AppError(
      'USAGE',
      exists ? `${file} exists already.` : `${file} cannot be written: ${(cause as Error).message}.`,
      { hint: 'Name another file.', cause },
    );
  }
  return file;
}

async function render(picture: Picture, file: string): Promise<string | Buffer> {
  switch (path.extname(file).toLowerCase()) {
    case '.png':
      return toPng(picture);
    case '.svg':
      return toSvg(picture);
    default:
      throw new AppError('USAGE', `A picture is saved as .png or .svg, not as "${path.basename(file)}".`);
  }
}
