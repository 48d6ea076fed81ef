const matchLength = 3;

/**
 * Prompt-lookup drafting: if the last three tokens stood earlier in the text, what followed them there is
 * a guess at what follows now. Free to make, right when a text repeats itself (code, quotations, lists).
 */
export function guessNext(tokens: readonly number[], most: number): readonly number[] {
  const end = tokens.length - matchLength;
  if (most === 0 || end <= 0) return [];
  for (let start = end - 1; start >= 0; start--) {
    let same = 0;
    while (same < matchLength && tokens[start + same] === tokens[end + same]) same++;
    if (same === matchLength) return tokens.slice(start + matchLength, start + matchLength + most);
  }
  return [];
}
