import { AppError } from '../errors.ts';

/** Names cut as in the lecture: words shuffled by Python's `random.seed(42)`, then 80 % train, 10 % val, 10 % test. */
export interface NamesSplits {
  readonly train: readonly string[];
  readonly val: readonly string[];
  readonly test: readonly string[];
}

/** Lines that are not empty, in the file's order. @throws AppError FILE_INVALID for letters other than a–z. */
export function parseNames(text: string): readonly string[] {
  const names = text.split(/\r?\n/).filter((line) => line !== '');
  const bad = names.find((name) => !/^[a-z]+$/.test(name));
  if (bad !== undefined) {
    throw new AppError(
      'FILE_INVALID',
      `A name may hold the letters a–z only; found ${JSON.stringify(bad.slice(0, 40))}.`,
      {
        hint: 'Give one lower-case name a line.',
      },
    );
  }
  if (names.length < 10) {
    throw new AppError('FILE_INVALID', `At least 10 names are needed, found ${names.length}.`);
  }
  return names;
}

export function splitNames(text: string): NamesSplits {
  const names = pythonShuffle(parseNames(text), 42);
  const valStart = Math.floor(0.8 * names.length);
  const testStart = Math.floor(0.9 * names.length);
  return {
    train: names.slice(0, valStart),
    val: names.slice(valStart, testStart),
    test: names.slice(testStart),
  };
}

/** Token ids of names: '.' is 0 (start and stop), a–z are 1–26. */
export const nameTokens = '.abcdefghijklmnopqrstuvwxyz';

/** Contexts and targets of every letter and every end of the names: the lecture's `build_dataset`. */
export interface NameExamples {
  readonly count: number;
  readonly contexts: Uint8Array; // (count, contextLength), '.' before the first letter
  readonly targets: Uint8Array; // (count)
}

export function nameExamples(names: readonly string[], contextLength: number): NameExamples {
  const count = names.reduce((sum, name) => sum + name.length + 1, 0);
  const contexts = new Uint8Array(count * contextLength);
  const targets = new Uint8Array(count);
  const context = new Uint8Array(contextLength);
  let example = 0;
  for (const name of names) {
    context.fill(0);
    for (let i = 0; i <= name.length; i++) {
      const target = i < name.length ? name.charCodeAt(i) - 96 : 0;
      contexts.set(context, example * contextLength);
      targets[example++] = target;
      context.copyWithin(0, 1);
      context[contextLength - 1] = target;
    }
  }
  return { count, contexts, targets };
}

/** The splits of names.txt as examples. */
export function splitNameExamples(
  text: string,
  contextLength: number,
): Readonly<Record<keyof NamesSplits, NameExamples>> {
  const { train, val, test } = splitNames(text);
  const of = (names: readonly string[]) => nameExamples(names, contextLength);
  return { train: of(train), val: of(val), test: of(test) };
}

/** A text cut by characters: the first 90 % train, the rest val. Token ids follow the code points' order. */
export interface CharSplits {
  /** Every character of the whole text once, sorted: token id → character. */
  readonly characters: readonly string[];
  readonly train: Uint16Array;
  readonly val: Uint16Array;
}

/**
 * @param vocabulary the characters of a finished model, in its order; absent: those of the text
 * @throws AppError TEXT_UNKNOWN_CHARACTERS when the vocabulary lacks one
 */
export function splitCharacters(text: string, vocabulary?: readonly string[]): CharSplits {
  const all = Array.from(text);
  const characters = vocabulary ?? [...new Set(all)].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
  const ids = new Map(characters.map((character, id) => [character, id]));
  const unknown = vocabulary && all.find((character) => !ids.has(character));
  if (unknown !== undefined) {
    throw new AppError(
      'TEXT_UNKNOWN_CHARACTERS',
      `The model does not know ${JSON.stringify(unknown)}, which is in the text.`,
      { hint: 'Take it out, or teach the model: `babble finetune --unknown extend`.' },
    );
  }
  const tokens = Uint16Array.from(all, (character) => ids.get(character)!);
  const valStart = Math.floor(0.9 * tokens.length);
  return { characters, train: tokens.slice(0, valStart), val: tokens.slice(valStart) };
}

/**
 * `random.seed(seed); random.shuffle(items)` of Python 3: MT19937 seeded by an array of one key, and indices by
 * rejection from the top bits. The lecture's split depends on it, so the same words stand in the same split.
 */
export function pythonShuffle<T>(items: readonly T[], seed: number): T[] {
  const next = mersenneTwisterByArray([seed]);
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last--) {
    const bits = 32 - Math.clz32(last + 1);
    let other = next() >>> (32 - bits);
    while (other > last) other = next() >>> (32 - bits);
    [shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!];
  }
  return shuffled;
}

/** MT19937 with `init_by_array` (Matsumoto and Nishimura, 2002). torch's generator seeds otherwise: see tensor. */
function mersenneTwisterByArray(key: readonly number[]): () => number {
  const n = 624;
  const state = new Uint32Array(n);
  state[0] = 19650218;
  for (let i = 1; i < n; i++) {
    const previous = state[i - 1]! ^ (state[i - 1]! >>> 30);
    state[i] = Math.imul(1812433253, previous) + i;
  }
  let i = 1;
  let j = 0;
  const advance = () => {
    if (++i >= n) {
      state[0] = state[n - 1]!;
      i = 1;
    }
  };
  for (let k = Math.max(n, key.length); k > 0; k--) {
    const previous = state[i - 1]! ^ (state[i - 1]! >>> 30);
    state[i] = (state[i]! ^ Math.imul(previous, 1664525)) + key[j]! + j;
    advance();
    j = (j + 1) % key.length;
  }
  for (let k = n - 1; k > 0; k--) {
    const previous = state[i - 1]! ^ (state[i - 1]! >>> 30);
    state[i] = (state[i]! ^ Math.imul(previous, 1566083941)) - i;
    advance();
  }
  state[0] = 0x80000000;

  let position = n;
  const twist = () => {
    for (let k = 0; k < n; k++) {
      const y = (state[k]! & 0x80000000) | (state[(k + 1) % n]! & 0x7fffffff);
      state[k] = state[(k + 397) % n]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    position = 0;
  };
  return () => {
    if (position >= n) twist();
    let y = state[position++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}
