import { de } from './de.ts';
import { es } from './es.ts';
import { fr } from './fr.ts';
import { ja } from './ja.ts';
import type { Locale } from './locale.ts';

/** Discord's locale codes and the language each gets. Every other locale sees English. */
export const locales: Readonly<Record<string, Locale>> = { de, fr, 'es-ES': es, 'es-419': es, ja };

interface Localised {
  readonly name: string;
  readonly description: string;
  readonly name_localizations: Readonly<Record<string, string>>;
  readonly description_localizations: Readonly<Record<string, string>>;
}

/** The four naming fields of a command or option, in every language. @param key the command's name, or `command.option`. */
export function localise(key: string, description: string): Localised {
  const names: Record<string, string> = {};
  const descriptions: Record<string, string> = {};
  for (const [code, locale] of Object.entries(locales)) {
    const entry = locale[key];
    if (!entry) continue;
    names[code] = entry[0];
    descriptions[code] = entry[1];
  }
  return {
    name: key.split('.').at(-1)!,
    description,
    name_localizations: names,
    description_localizations: descriptions,
  };
}
