/** Characters of a text that a model does not know: what they are, and what to do about them. */
import { AppError } from '../../errors.ts';

/**
 * - `refuse`: the text is not taken.
 * - `drop`: they are left out.
 * - `replace`: each becomes the nearest that the model knows (é → e, “ → "); those without one are left out.
 * - `extend`: the model learns them: new rows in its embedding and its head.
 */
export const unknownPolicies = ['refuse', 'drop', 'replace', 'extend'] as const;
export type UnknownPolicy = (typeof unknownPolicies)[number];

interface UnknownCharacter {
  readonly character: string;
  readonly count: number;
  /** Where it stands first, both from 1. */
  readonly line: number;
  readonly column: number;
  /** What `replace` writes in its place; undefined: nothing. */
  readonly nearest: string | undefined;
}

export interface UnknownReport {
  /** Characters of the text. */
  readonly total: number;
  /** How many of them the model does not know. */
  readonly unknown: number;
  /** Each of those once, the most frequent first. */
  readonly characters: readonly UnknownCharacter[];
}

/** The text as it is counted: no byte order mark, `\n` as line end, accents joined to their letters. */
export function normaliseText(text: string): string {
  return text
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n')
    .normalize('NFC');
}

export function findUnknown(text: string, known: ReadonlySet<string>): UnknownReport {
  const found = new Map<string, { count: number; line: number; column: number }>();
  let [total, unknown, line, column] = [0, 0, 1, 0];
  for (const character of text) {
    total++;
    column++;
    if (!known.has(character)) {
      unknown++;
      const entry = found.get(character);
      if (entry) entry.count++;
      else found.set(character, { count: 1, line, column });
    }
    if (character === '\n') [line, column] = [line + 1, 0];
  }
  const characters = Array.from(found, ([character, place]) => ({
    character,
    ...place,
    nearest: nearestKnown(character, known),
  }));
  return { total, unknown, characters: characters.sort((a, b) => b.count - a.count) };
}

const meanings: Readonly<Record<UnknownPolicy, string>> = {
  refuse: 'take another text',
  drop: 'leave them out',
  replace: 'take the nearest',
  extend: 'learn them',
};

/** `drop (leave them out), replace …`, for a person who has to choose. */
export function describePolicies(policies: readonly UnknownPolicy[]): string {
  return policies.map((policy) => `${policy} (${meanings[policy]})`).join(', ');
}

/**
 * The text with the policy done, and the characters that the model has to learn.
 * @param choices what a person may choose, to tell when the text is refused
 * @throws AppError TEXT_UNKNOWN_CHARACTERS under `refuse`, when there are any
 */
export function settleUnknown(
  text: string,
  known: ReadonlySet<string>,
  policy: UnknownPolicy,
  choices: readonly UnknownPolicy[] = ['drop', 'replace', 'extend'],
): { readonly text: string; readonly added: readonly string[] } {
  const report = findUnknown(text, known);
  if (report.unknown === 0) return { text, added: [] };
  switch (policy) {
    case 'refuse':
      throw new AppError('TEXT_UNKNOWN_CHARACTERS', describeUnknown(report), {
        hint: `Choose with --unknown: ${describePolicies(choices)}.`,
      });
    case 'drop':
      return { text: mapCharacters(text, (character) => (known.has(character) ? character : '')), added: [] };
    case 'replace': {
      const nearest = new Map(report.characters.map((one) => [one.character, one.nearest ?? '']));
      return { text: mapCharacters(text, (character) => nearest.get(character) ?? character), added: [] };
    }
    case 'extend': {
      const added = report.characters.map(({ character }) => character);
      return { text, added: added.sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!) };
    }
    default:
      return policy satisfies never;
  }
}

const mostListed = 12;

/** For a person: how many, which, where first, and what the nearest would be. Holds no control characters. */
export function describeUnknown({ total, unknown, characters }: UnknownReport): string {
  const percent = (100 * unknown) / total;
  const share = percent < 0.1 ? 'less than 0.1' : percent.toFixed(1);
  const list = characters
    .slice(0, mostListed)
    .map(
      ({ character, count, line, column, nearest }) =>
        `  ${name(character)}  ${count.toLocaleString('en')}×, first in line ${line}, column ${column}; ${
          nearest === undefined ? 'nothing is near it' : `nearest ${JSON.stringify(nearest)}`
        }`,
    );
  const more = characters.length - list.length;
  if (more > 0) list.push(`  and ${more} more`);
  const kinds = characters.length === 1 ? '1 character' : `${characters.length} characters`;
  const times = `${unknown.toLocaleString('en')} of ${total.toLocaleString('en')} places (${share} %)`;
  return `The model does not know ${kinds} of the text, in ${times}:\n${list.join('\n')}`;
}

/** What a character may become, for those that Unicode does not take apart. */
const lookAlikes: Readonly<Record<string, string>> = {
  '‘': "'",
  '’': "'",
  '‚': "'",
  '‛': "'",
  '′': "'",
  '`': "'",
  '´': "'",
  '“': '"',
  '”': '"',
  '„': '"',
  '‟': '"',
  '«': '"',
  '»': '"',
  '″': '"',
  '"': "'",
  '–': '-',
  '—': '-',
  '‐': '-',
  '‑': '-',
  '−': '-',
  '•': '-',
  '\t': ' ',
  ß: 'ss',
  æ: 'ae',
  Æ: 'Ae',
  œ: 'oe',
  Œ: 'Oe',
  ø: 'o',
  Ø: 'O',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  Ł: 'L',
  þ: 'th',
};

/**
 * What a model knows that is nearest to a character: its look-alike, its parts without accents, or its other
 * case. Undefined when nothing is near.
 */
export function nearestKnown(character: string, known: ReadonlySet<string>): string | undefined {
  const isKnown = (text: string) => text !== '' && Array.from(text).every((one) => known.has(one));
  const tried = new Set<string>();
  let candidates = [character];
  while (candidates.length > 0) {
    const found = candidates.find(isKnown);
    if (found !== undefined) return found;
    for (const candidate of candidates) tried.add(candidate);
    const near = candidates.flatMap((candidate) => [
      lookAlikes[candidate] ?? '',
      candidate.normalize('NFKD').replace(/\p{Mark}/gu, ''),
      candidate.toLowerCase(),
      candidate.toUpperCase(),
    ]);
    candidates = [...new Set(near)].filter((one) => one !== '' && !tried.has(one));
  }
  return undefined;
}

/** A character quoted, and its number, since some do not show. */
function name(character: string): string {
  const number = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
  const shows = /[\p{L}\p{N}\p{P}\p{S}]/u.test(character);
  return shows ? `${JSON.stringify(character)} U+${number}` : `U+${number}`;
}

function mapCharacters(text: string, change: (character: string) => string): string {
  return Array.from(text, change).join('');
}
