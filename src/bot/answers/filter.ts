import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { AppError } from '../../errors.ts';

/** Sees an answer before anyone on Discord does; null withholds it, a text replaces it. */
export type ContentFilter = (text: string) => string | null | Promise<string | null>;

/** Loads the owner's content filter, if there is one. @throws AppError BOT_CONFIG. */
export async function loadFilter(file: string | undefined): Promise<ContentFilter | undefined> {
  if (file === undefined) return undefined;
  const module: unknown = await import(pathToFileURL(path.resolve(file)).href).catch((cause: unknown) => {
    throw new AppError('BOT_CONFIG', `The content filter ${file} cannot be loaded.`, { cause });
  });
  const filter = (module as { default?: unknown }).default;
  if (typeof filter === 'function') return filter as ContentFilter;
  throw new AppError('BOT_CONFIG', `The content filter ${file} has no default export that is a function.`, {
    hint: 'It should read: export default (text) => text;',
  });
}

/** A model's text as it may be shown: as it is without a filter, else what the filter makes of it. */
export async function passFilter(filter: ContentFilter | undefined, text: string): Promise<string> {
  return (filter ? await filter(text) : text) ?? '*(withheld by this bot’s content filter)*';
}
