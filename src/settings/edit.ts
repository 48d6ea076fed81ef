/** Changes one setting in the text of a settings file; comments and everything else stay as they are. */
import { parse } from 'smol-toml';
import { AppError } from '../errors.ts';
import { type Entry, readToml } from './toml.ts';
import { toToml } from './values.ts';

/**
 * Gives the text with a key set, or (`value` undefined) without it.
 * @throws AppError INVALID_SETTING when the file must be mended first.
 */
export function editSetting(text: string, key: string, value: unknown): string {
  const file = readToml(text);
  if (file.problems[0]) {
    const { line, message } = file.problems[0];
    throw new AppError('INVALID_SETTING', `The settings file cannot be changed: line ${line}: ${message}.`, {
      hint: 'Mend it with `babble config edit`.',
    });
  }
  const lines = text.split('\n');
  const entry = file.entries.find((candidate) => candidate.key === key);
  if (entry) replaceStatement(lines, file.entries, entry, value);
  else if (value !== undefined) insert(lines, file, key, value);
  return lines.join('\n');
}

/** Writes every key of the statement again; a statement of several is an inline table. */
function replaceStatement(
  lines: string[],
  entries: readonly Entry[],
  { key, first, last }: Entry,
  value: unknown,
): void {
  const written = entries
    .filter((entry) => entry.first === first && (entry.key !== key || value !== undefined))
    .map((entry) => statement(entry.key, entry.table, entry.key === key ? value : entry.value));
  if (written.length > 0) written[written.length - 1] += comment(lines[last - 1]!);
  lines.splice(first - 1, last - first + 1, ...written);
  if (written.length === 0 && first === 1 && lines[0] === '') lines.shift();
}

function insert(
  lines: string[],
  { entries, headers }: ReturnType<typeof readToml>,
  key: string,
  value: unknown,
): void {
  const table = key.includes('.') ? key.slice(0, key.lastIndexOf('.')) : '';
  const header = headers.find((candidate) => candidate.key === table);
  // Beside its neighbours: under the same header, or spelled with dots above the first.
  const inTable = entries.findLast((entry) => entry.table === table);
  const dotted = header ? undefined : entries.findLast((entry) => entry.key.startsWith(`${table}.`));
  const neighbour = inTable ?? (table === '' ? undefined : dotted);
  if (neighbour) lines.splice(neighbour.last, 0, statement(key, neighbour.table, value));
  else if (header) lines.splice(header.line, 0, statement(key, table, value));
  else if (table === '') {
    const end = headers[0] ? headers[0].line - 1 : lines.length - (lines.at(-1) === '' ? 1 : 0);
    lines.splice(end, 0, statement(key, '', value));
  } else {
    while (lines.at(-1) === '') lines.pop();
    lines.push(...(lines.length > 0 ? [''] : []), `[${table}]`, statement(key, table, value), '');
  }
  if (lines.at(-1) !== '') lines.push('');
}

function statement(key: string, table: string, value: unknown): string {
  return `${table === '' ? key : key.slice(table.length + 1)} = ${toToml(value)}`;
}

/** The comment at the end of a statement's last line: what follows the first `#` that ends a value. */
function comment(line: string): string {
  for (const { index } of line.matchAll(/\s*#/g)) {
    try {
      // A bracket or quote that the line closes was opened before it: the comment cannot be told apart.
      parse(line.slice(0, index));
      return line.slice(index);
    } catch {
      // That `#` is part of a text.
    }
  }
  return '';
}
