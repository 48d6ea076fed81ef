/**
 * Takes `name=value …` apart. A value goes on to the next of the known names, so that it may hold spaces, lines
 * and equals signs; one in double quotes, as in JSON, may hold a name as well.
 * @returns undefined when the text does not begin with a known name.
 */
export function splitValues(text: string, names: readonly string[]): Record<string, string> | undefined {
  const values: Record<string, string> = {};
  let rest = text.trim();
  while (rest !== '') {
    const name = names.find((candidate) => rest.startsWith(`${candidate}=`));
    if (name === undefined) return undefined;
    rest = rest.slice(name.length + 1);
    const quoted = /^"(?:[^"\\]|\\.)*"/.exec(rest)?.[0] ?? '';
    const isWhole = quoted !== '' && beginsWithName(rest.slice(quoted.length), names);
    const parsed = isWhole ? parseQuoted(quoted) : undefined;
    const end = parsed === undefined ? nextName(rest, names) : quoted.length;
    values[name] = parsed ?? rest.slice(0, end).trim();
    rest = rest.slice(end).trimStart();
  }
  return values;
}

/** As `splitValues` reads it back. */
export function writeValue(name: string, value: string): string {
  // Only what reads back by itself needs no quotes: whoever sees it in the editor reads it easily.
  const needsQuotes = /^"|[\w]=/.test(value) || value !== value.trim();
  return `${name}=${needsQuotes ? JSON.stringify(value) : value}`;
}

/** Whether this follows a value: nothing, or white space and the next name. */
function beginsWithName(text: string, names: readonly string[]): boolean {
  return text === '' || names.some((name) => /^\s/.test(text) && text.trimStart().startsWith(`${name}=`));
}

function nextName(text: string, names: readonly string[]): number {
  for (const match of text.matchAll(/\s(\w+)=/g)) if (names.includes(match[1]!)) return match.index;
  return text.length;
}

function parseQuoted(text: string): string | undefined {
  try {
    return String(JSON.parse(text));
  } catch {
    return undefined;
  }
}
