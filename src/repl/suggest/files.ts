/** Completes the path of a file to attach, after an `@`. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { resolvePath } from '../../chat/attachments.ts';
import { sanitiseLine } from '../../chat/sanitise.ts';
import type { Suggestion } from '../commands/command.ts';

/** More names than this in a folder are not listed. */
const mostNames = 2000;

/** The mention that the text ends in, if it does: where its path begins, and the path so far. */
export function mentionAt(text: string): { readonly from: number; readonly typed: string } | undefined {
  // The value of a prompt's variable may be a file as well.
  const match = /(^|\s|^\/.*=)@("[^"\n]*|[^\s"]*)$/.exec(text);
  if (!match) return undefined;
  const typed = match[2]!;
  return { from: text.length - typed.length, typed: typed.replace(/^"/, '') };
}

/** Files and folders (these end in `/`) whose path begins with what is typed; hidden ones once a dot is typed. */
export async function suggestFiles(typed: string, folder: string): Promise<readonly Suggestion[]> {
  const slash = typed.lastIndexOf('/') + 1;
  const before = typed.slice(0, slash);
  const start = typed.slice(slash).toLowerCase();
  const entries = await readdir(resolvePath(before === '' ? '.' : before, folder), {
    withFileTypes: true,
  }).catch(() => []);
  return (
    entries
      .slice(0, mostNames)
      .filter(({ name }) => name.toLowerCase().startsWith(start) && (start !== '' || !name.startsWith('.')))
      // A name that cannot be shown as it is cannot be chosen by its look either.
      .filter(({ name }) => sanitiseLine(name) === name && !name.includes('"'))
      .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
      .sort((a, b) => Number(b.isFolder) - Number(a.isFolder) || (a.name < b.name ? -1 : 1))
      .map(({ name, isFolder }) => {
        const whole = `${before}${name}${isFolder ? '/' : ''}`;
        const quote = /\s/.test(whole) ? '"' : '';
        // A folder's quote stays open: the path goes on.
        return {
          value: `${quote}${whole}${isFolder ? '' : `${quote} `}`,
          label: isFolder ? `${name}/` : name,
          detail: isFolder ? 'folder' : path.extname(name).slice(1),
        };
      })
  );
}
