import stringWidth from 'string-width';

/** Labels come from models and files: here they become one visible line that no sink has to fear. */

const visibleBlanks: Readonly<Record<string, string>> = { ' ': '␣', '\n': '↵', '\t': '⇥' };
// Controls, joiners, bidirectional marks, and halves of characters.
const hidden =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u2028\u2029]/u;
const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** A token as a person can see it: blanks (but those between words) as signs, what cannot be seen as U+FFFD. */
export function visibleToken(token: string): string {
  const parts = token.split(/(?<=\S) (?=\S)/);
  return parts
    .map((part) => Array.from(part, (character) => visibleBlanks[character] ?? clean(character)).join(''))
    .join(' ');
}

/** A line of prose: white space stays, what cannot be seen goes. */
export function visibleLine(text: string): string {
  return Array.from(text.replace(/\s+/g, ' '), clean).join('');
}

/** Columns of a terminal that a text takes. */
export function columnsOf(text: string): number {
  return stringWidth(text);
}

export function graphemesOf(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Cuts a text to at most `columns`, ending in `…` when something was left out. */
export function shorten(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let short = '';
  for (const grapheme of graphemesOf(text)) {
    if (columnsOf(short + grapheme) > columns - 1) break;
    short += grapheme;
  }
  return `${short}…`;
}

/** Breaks a text between words into lines of at most `columns`; a longer word is shortened. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (columnsOf(longer) <= columns) line = longer;
    else {
      if (line !== '') lines.push(line);
      line = shorten(word, columns);
    }
  }
  return [...lines, line];
}

function clean(character: string): string {
  return hidden.test(character) ? '\ufffd' : character;
}
