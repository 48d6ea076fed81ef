import { randomUUID } from 'node:crypto';

/** Texts that an open menu is about. In memory only: they are other people's words. */
const texts = new Map<string, string>();

/** Menus that stay open at once; the oldest give way. */
const most = 500;

/** Keeps a text for the menu that is about it and returns its key. */
export function rememberText(text: string): string {
  const key = randomUUID();
  texts.set(key, text);
  for (const old of texts.keys()) {
    if (texts.size <= most) break;
    texts.delete(old);
  }
  return key;
}

/** The text of an open menu; undefined when it has given way or the bot was restarted. */
export function recallText(key: string): string | undefined {
  return texts.get(key);
}
