/** The longest passage of a sample that stands in a text, word for word. */
export interface Passage {
  readonly text: string;
  /** Where it stands in the text searched; of several places the first. */
  readonly at: number;
}

/**
 * Builds the suffix automaton of the sample (Blumer et al., 1985) and runs the text through it: time grows with
 * the text's length, memory with the sample's only.
 */
export function longestPassage(sample: string, text: string): Passage {
  const letters = [...new Set(sample.split(''))];
  const width = letters.length;
  const codeOf = new Int16Array(2 ** 16).fill(-1);
  for (const [code, letter] of letters.entries()) codeOf[letter.charCodeAt(0)] = code;
  const { next, link, lengths } = suffixAutomaton(sample, codeOf, width);

  let state = 0;
  let length = 0;
  let best = 0;
  let bestEnd = 0;
  for (let end = 0; end < text.length; end++) {
    const code = codeOf[text.charCodeAt(end)]!;
    if (code < 0) {
      state = 0;
      length = 0;
      continue;
    }
    while (state !== 0 && next[state * width + code] === 0) {
      state = link[state]!;
      length = lengths[state]!;
    }
    const to = next[state * width + code]!;
    if (to === 0) continue; // at the start state, and the letter leads nowhere
    state = to;
    length++;
    if (length > best) {
      best = length;
      bestEnd = end + 1;
    }
  }
  return { text: text.slice(bestEnd - best, bestEnd), at: bestEnd - best };
}

/** States from 0, the start, which nothing leads to: so 0 in `next` means no way. */
function suffixAutomaton(sample: string, codeOf: Int16Array, width: number) {
  const most = Math.max(2 * sample.length, 1);
  const next = new Int32Array(most * width); // (states, letters)
  const link = new Int32Array(most).fill(-1);
  const lengths = new Int32Array(most);
  let states = 1;
  let last = 0;
  for (let i = 0; i < sample.length; i++) {
    const code = codeOf[sample.charCodeAt(i)]!;
    const added = states++;
    lengths[added] = lengths[last]! + 1;
    let from = last;
    while (from !== -1 && next[from * width + code] === 0) {
      next[from * width + code] = added;
      from = link[from]!;
    }
    link[added] = 0;
    if (from !== -1) {
      const to = next[from * width + code]!;
      if (lengths[to] === lengths[from]! + 1) {
        link[added] = to;
      } else {
        const copy = states++;
        lengths[copy] = lengths[from]! + 1;
        next.copyWithin(copy * width, to * width, (to + 1) * width);
        link[copy] = link[to]!;
        link[to] = copy;
        link[added] = copy;
        while (from !== -1 && next[from * width + code] === to) {
          next[from * width + code] = copy;
          from = link[from]!;
        }
      }
    }
    last = added;
  }
  return { next, link, lengths };
}
