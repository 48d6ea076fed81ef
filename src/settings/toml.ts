/**
 * A TOML file statement by statement, each with its lines: what the parser alone does not tell. A statement
 * ends where its lines are a document of their own, so that the parser itself decides what a value is.
 */
import { parse } from 'smol-toml';

export interface Entry {
  /** The whole key, its parts joined by dots. */
  readonly key: string;
  readonly value: unknown;
  /** Header of the table that the statement stands under; '' above the first. */
  readonly table: string;
  /** Lines of the statement, from 1, both inclusive. Entries of an inline table share theirs. */
  readonly first: number;
  readonly last: number;
}

interface Header {
  readonly key: string;
  readonly line: number;
}

interface TomlProblem {
  readonly line: number;
  readonly message: string;
}

export interface TomlFile {
  readonly entries: readonly Entry[];
  readonly headers: readonly Header[];
  /** Statements that are no TOML, or that set a key again. */
  readonly problems: readonly TomlProblem[];
}

export function readToml(text: string): TomlFile {
  const lines = text.split('\n');
  const entries: Entry[] = [];
  const headers: Header[] = [];
  const problems: TomlProblem[] = [];
  let table = '';
  for (let first = 0; first < lines.length; first++) {
    const { last, value, message } = statementAt(lines, first);
    if (!value) {
      problems.push({ line: first + 1, message });
      continue;
    }
    if (/^\s*\[/.test(lines[first]!)) {
      table = deepest(value);
      headers.push({ key: table, line: first + 1 });
    } else {
      for (const [name, leaf] of leaves(value)) {
        const key = table === '' ? name : `${table}.${name}`;
        const before = entries.find((entry) => entry.key === key);
        if (before)
          problems.push({ line: first + 1, message: `${key} is set already, in line ${before.first}` });
        else entries.push({ key, value: leaf, table, first: first + 1, last: last + 1 });
      }
    }
    first = last;
  }
  if (problems.length === 0) {
    const whole = attempt(text);
    if (!whole.value) problems.push({ line: whole.line, message: whole.message });
  }
  return { entries, headers, problems };
}

type Table = Record<string, unknown>;

interface Attempt {
  readonly value?: Table;
  readonly line: number;
  readonly message: string;
}

function attempt(text: string): Attempt {
  try {
    return { value: parse(text), line: 0, message: '' };
  } catch (error) {
    const { line = 1, message } = error as Error & { line?: number };
    // Only its first line: the others quote the file.
    const [what = ''] = message.split('\n');
    return { line, message: what.replace(/^Invalid TOML document: /, 'this is no TOML: ') };
  }
}

/** The statement that begins in a line; without a value when no number of lines makes one. */
function statementAt(
  lines: readonly string[],
  first: number,
): { last: number; value?: Table; message: string } {
  const alone = attempt(lines[first]!);
  if (alone.value) return { last: first, value: alone.value, message: '' };
  // Only brackets and triple quotes go on over a line's end.
  if (/[[{"']/.test(lines[first]!)) {
    for (let last = first + 1; last < lines.length; last++) {
      const { value } = attempt(lines.slice(first, last + 1).join('\n'));
      if (value) return { last, value, message: '' };
    }
  }
  return { last: first, message: alone.message };
}

/** The key of a header's table, from the document that the header alone is. */
function deepest(value: unknown): string {
  const table = Array.isArray(value) ? value[0] : value;
  const [entry] = Object.entries(table as Table);
  if (!entry) return '';
  const rest = deepest(entry[1]);
  return rest === '' ? entry[0] : `${entry[0]}.${rest}`;
}

function leaves(table: Table): [string, unknown][] {
  return Object.entries(table).flatMap(([key, value]): [string, unknown][] => {
    const isTable =
      typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
    if (!isTable || Object.keys(value as Table).length === 0) return [[key, value]];
    return leaves(value as Table).map(([name, leaf]) => [`${key}.${name}`, leaf]);
  });
}
