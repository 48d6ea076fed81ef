/** Every text one edit away: a letter left out, changed or put in (Levenshtein distance 1; some come twice). */
export function* oneEditAway(text: string, alphabet: readonly string[]): Generator<string> {
  const letters = Array.from(text);
  for (let at = 0; at <= letters.length; at++) {
    const before = letters.slice(0, at).join('');
    const after = letters.slice(at).join('');
    for (const letter of alphabet) yield before + letter + after;
    if (at === letters.length) return;
    const rest = letters.slice(at + 1).join('');
    yield before + rest;
    for (const letter of alphabet) if (letter !== letters[at]) yield before + letter + rest;
  }
}

/** Whether a text other than `text` itself that is known is one edit away. */
export function hasNearDuplicate(
  text: string,
  known: ReadonlySet<string>,
  alphabet: readonly string[],
): boolean {
  for (const other of oneEditAway(text, alphabet)) if (known.has(other)) return true;
  return false;
}
