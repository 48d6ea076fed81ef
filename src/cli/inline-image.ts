import { type Picture, toInline } from '../pictures/index.ts';
import { type ImageSupport, imageQuery, imageSupportOf, mayAskForImages } from '../repl/terminal/images.ts';
import { ReplyReader } from '../repl/terminal/replies.ts';
import type { ImagesSetting } from '../settings/types.ts';

/** As long as the chat waits. */
const answerMs = 3000;
/** Rows of the screen that are not the picture's. */
const otherRows = 2;

/** A picture as an image on standard output; false where the terminal shows none. */
export async function writeImage(picture: Picture, setting: ImagesSetting): Promise<boolean> {
  const { stdin, stdout } = process;
  if (setting === 'off' || !stdin.isTTY || !stdout.isTTY) return false;
  const support = await ask(setting);
  if (!support || (support.protocol === 'sixel' && !support.cell)) return false;
  const room = { columns: stdout.columns, rows: Math.max(1, stdout.rows - otherRows) };
  const { bytes, rows } = await toInline(picture, { ...support, ...room });
  // Rows first: at the bottom of the screen the picture would else move it up as it is drawn.
  stdout.write(`${'\n'.repeat(rows)}\x1b[${rows}A\x1b7${bytes}\x1b8\x1b[${rows}B`);
  return true;
}

async function ask(setting: Exclude<ImagesSetting, 'off'>): Promise<ImageSupport | undefined> {
  const { stdin, stdout, env } = process;
  if (setting === 'auto' && !mayAskForImages(env)) return undefined;
  const answered = Promise.withResolvers<void>();
  const replies = new ReplyReader(answered.resolve);
  const read = (bytes: Buffer) => replies.take(bytes.toString('latin1'));
  stdin.setRawMode(true);
  stdin.on('data', read);
  const timer = setTimeout(answered.resolve, answerMs);
  try {
    stdout.write(imageQuery);
    await answered.promise;
  } finally {
    clearTimeout(timer);
    stdin.off('data', read);
    stdin.setRawMode(false);
    stdin.pause();
  }
  const told = imageSupportOf(replies.answers, env);
  return setting === 'auto' ? told : { ...told, protocol: setting };
}
