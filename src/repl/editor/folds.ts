/**
 * A large paste stands in the editor as one character of a private plane, so that it moves, is deleted and
 * is drawn as one thing however long it is.
 */
export type Folds = ReadonlyMap<string, string>;

const firstFold = 0xf0000;
const foldCharacters = /[\u{f0000}-\u{ffffd}]/gu;

/** A paste of more lines or characters than this is folded. */
const unfoldedLines = 4;
const unfoldedCharacters = 1000;

export function isFold(grapheme: string): boolean {
  const code = grapheme.codePointAt(0) ?? 0;
  return code >= firstFold && code <= 0xffffd;
}

export function shouldFold(paste: string): boolean {
  if (paste.length > unfoldedCharacters) return true;
  return paste.split('\n', unfoldedLines + 2).length > unfoldedLines;
}

export function addFold(folds: Folds, paste: string): { folds: Folds; character: string } {
  const character = String.fromCodePoint(firstFold + folds.size);
  return { folds: new Map([...folds, [character, paste]]), character };
}

/** The text as it is sent: every fold replaced by what was pasted. */
export function unfold(text: string, folds: Folds): string {
  return text.replaceAll(foldCharacters, (character) => folds.get(character) ?? '');
}

/** Removes what would be taken for a fold, and controls, from text that comes from outside. */
export function withoutControls(text: string): string {
  return text
    .replaceAll(foldCharacters, '')
    .replaceAll('\t', '    ')
    .replaceAll(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, '');
}

export function foldLabel(paste: string): string {
  const lines = paste.split('\n').length;
  const size =
    lines > 1 ? `${lines.toLocaleString('en')} lines` : `${paste.length.toLocaleString('en')} characters`;
  return `[${size} pasted]`;
}
