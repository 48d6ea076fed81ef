import { AppError } from '../../errors.ts';

/** One token for each character, as the toy models have. */
export class CharTokenizer {
  /** Text of every token, by tokenId. */
  readonly vocabulary: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;

  constructor(vocabulary: readonly string[]) {
    this.vocabulary = vocabulary;
    this.#ids = new Map(vocabulary.map((text, tokenId) => [text, tokenId]));
  }

  /**
   * Characters that the vocabulary lacks are tried in lower case and without accents, since names models
   * know only a–z: "José" becomes "jose".
   * @throws AppError TEXT_UNKNOWN_CHARACTERS naming those still unknown.
   */
  encode(text: string): number[] {
    const unknown = new Set<string>();
    const tokenIds = Array.from(text.normalize('NFC')).map((character) => {
      const tokenId = this.#find(character);
      if (tokenId === undefined) unknown.add(character);
      return tokenId ?? 0;
    });
    if (unknown.size === 0) return tokenIds;
    throw new AppError(
      'TEXT_UNKNOWN_CHARACTERS',
      `The model does not know the character${unknown.size > 1 ? 's' : ''} ${list([...unknown])}.`,
      { hint: `Leave them out. It knows ${list(this.vocabulary)}.` },
    );
  }

  #find(character: string): number | undefined {
    const lowerCase = character.toLowerCase();
    const plain = lowerCase.normalize('NFD').replace(/\p{Mark}/gu, '');
    return this.#ids.get(character) ?? this.#ids.get(lowerCase) ?? this.#ids.get(plain);
  }
}

const mostListed = 80;

/** Quoted as in JSON, so that line breaks and escapes show; long lists are cut. */
function list(characters: readonly string[]): string {
  const shown = characters.slice(0, mostListed).map((character) => JSON.stringify(character));
  const more = characters.length - shown.length;
  return shown.join(' ') + (more > 0 ? ` and ${more} more` : '');
}
