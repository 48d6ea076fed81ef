/**
 * The gate before every sink: text from a model, a file or Discord passes here before a terminal or a
 * message shows it. What comes out holds no control character but newline and tab, no escape sequence,
 * nothing that turns the reading direction, and nothing invisible that could carry hidden text.
 * Letters, marks, emoji families and joined scripts pass unchanged. No dependencies.
 *
 * An escape sequence (ECMA-48: ESC or its C1 form, then CSI, OSC, DCS, APC, PM, SOS …) is swallowed whole
 * when it ends properly within `maxSequence` code points. Otherwise only its introducer goes and the rest
 * is shown as text: a model cannot mute what follows by opening a sequence and never closing it.
 */

/** Longest escape sequence that is swallowed, in code points: room for a hyperlink with a long address. */
const maxSequence = 4096;

const replacement = '\ufffd';
const nothingToDo = /^[\n\t\x20-\x7e]*$/;

/** Removed wherever they stand: hidden characters, bidirectional controls, annotations, noncharacters. */
const hidden =
  /[\p{Cc}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\ufff9-\ufffb]/u;

/** Hidden characters that belong to the one before them, and what that one must be. Never two in a row. */
const attached: readonly { readonly mark: RegExp; readonly after: RegExp }[] = [
  // Joiners: emoji families (a presentation selector is a mark), and the scripts whose letters change shape when joined.
  {
    mark: /[\u200c\u200d]/u,
    after:
      /[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{M}]|(?![\p{sc=Latn}\p{sc=Grek}\p{sc=Cyrl}\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{sc=Zyyy}])\p{L}/u,
  },
  // Text or emoji presentation, keycaps included.
  { mark: /[\ufe0e\ufe0f]/u, after: /\p{Emoji}/u },
  // Standard variants of symbols and letters; variants of ideographs; Mongolian letter forms.
  { mark: /[\ufe00-\ufe0d]/u, after: /[^\x00-\x7f]/u },
  { mark: /[\u{e0100}-\u{e01ef}]/u, after: /\p{Ideographic}/u },
  { mark: /[\u180b-\u180f]/u, after: /\p{sc=Mong}/u },
];

export interface Sanitiser {
  /** Gives back what of the text so far can be shown. */
  push(text: string): string;
  /** Gives back what was held, as the text ends here; the sanitiser is then as new. */
  flush(): string;
}

/**
 * Cleans a stream: however a text is split over `push`es, the outputs together are the same as
 * `sanitise` of the whole.
 */
export function createSanitiser(): Sanitiser {
  return new StreamSanitiser();
}

/** Cleans a whole text. Doing it twice changes nothing. */
export function sanitise(text: string): string {
  const sanitiser = new StreamSanitiser();
  return sanitiser.push(text) + sanitiser.flush();
}

/** For titles and labels: cleaned, and every run of white space is one space. */
export function sanitiseLine(text: string): string {
  return sanitise(text).replace(/\s+/g, ' ').trim();
}

type State =
  | 'text'
  | 'escape' // after ESC and its intermediates
  | 'csi'
  | 'string' // OSC, DCS, APC, PM, SOS: until BEL or ST
  | 'string-escape'; // an ESC in a string: ST when a backslash follows

class StreamSanitiser implements Sanitiser {
  #state: State = 'text';
  /** First half of a surrogate pair at the end of a part. */
  #half = '';
  /** What the sequence under way holds after its introducer. */
  #held: string[] = [];
  /** Last code point given out: decides whether a joiner or selector may follow. */
  #last = '';

  push(text: string): string {
    if (this.#state === 'text' && this.#half === '' && nothingToDo.test(text)) {
      this.#last = text.at(-1) ?? this.#last;
      return text;
    }
    let whole = this.#half + text;
    this.#half = '';
    if (/[\ud800-\udbff]$/.test(whole)) {
      this.#half = whole.slice(-1);
      whole = whole.slice(0, -1);
    }
    let out = '';
    for (const character of whole) out += this.#step(character);
    return out;
  }

  flush(): string {
    const half = this.#half;
    this.#half = '';
    const out = (half === '' ? '' : this.#step(half)) + this.#giveUp();
    this.#last = '';
    return out;
  }

  #step(character: string): string {
    const code = character.codePointAt(0) ?? 0;
    switch (this.#state) {
      case 'text':
        return this.#introduces(code) ? '' : this.#show(character, code);
      case 'escape':
        if (code >= 0x20 && code <= 0x2f) return this.#hold(character);
        if (code < 0x30 || code > 0x7e) return this.#abandon(character);
        if (this.#held.length > 0) return this.#end();
        if (code === 0x5b) return this.#enter('csi');
        return this.#enter(stringIntroducers.has(code) ? 'string' : 'text');
      case 'csi':
        if (code >= 0x20 && code <= 0x3f) return this.#hold(character);
        return code >= 0x40 && code <= 0x7e ? this.#end() : this.#abandon(character);
      case 'string':
        if (code === 0x07 || code === 0x9c) return this.#end();
        if (code === 0x1b) return this.#await('string-escape');
        return isControl(code) && code !== 0x09 ? this.#abandon(character) : this.#hold(character);
      case 'string-escape': {
        if (code === 0x5c) return this.#end();
        // The ESC began a sequence of its own; what was held is text.
        const shown = this.#giveUp();
        this.#enter('escape');
        return shown + this.#step(character);
      }
      default:
        return this.#state satisfies never;
    }
  }

  /** Starts a sequence when this code point introduces one. */
  #introduces(code: number): boolean {
    if (code === 0x1b) this.#enter('escape');
    else if (code === 0x9b) this.#enter('csi');
    else if (stringIntroducers.has(code - 0x40) && code >= 0x80) this.#enter('string');
    else return false;
    return true;
  }

  #enter(state: State): '' {
    this.#state = state;
    this.#held = [];
    return '';
  }

  #await(state: State): '' {
    this.#state = state;
    return '';
  }

  #end(): '' {
    return this.#enter('text');
  }

  #hold(character: string): string {
    this.#held.push(character);
    return this.#held.length > maxSequence ? this.#giveUp() : '';
  }

  /** The sequence turned out not to be one: what it held is text, and so is what comes now. */
  #abandon(character: string): string {
    return this.#giveUp() + this.#step(character);
  }

  /** Held characters are no introducers, so this never starts another sequence. */
  #giveUp(): string {
    const held = this.#held;
    this.#enter('text');
    return held.map((character) => this.#show(character, character.codePointAt(0) ?? 0)).join('');
  }

  #show(character: string, code: number): string {
    const clean = this.#clean(character, code);
    if (clean !== '') this.#last = clean;
    return clean;
  }

  #clean(character: string, code: number): string {
    if (code === 0x0a || code === 0x09 || (code >= 0x20 && code <= 0x7e)) return character;
    if (code === 0x2028 || code === 0x2029) return '\n';
    if (code >= 0xd800 && code <= 0xdfff) return replacement;
    if (!hidden.test(character)) return character;
    const place = attached.find(({ mark }) => mark.test(character));
    return place?.after.test(this.#last) ? character : '';
  }
}

/** Second bytes after ESC that open a string: DCS, SOS, OSC, PM, APC. Their C1 forms are 0x40 higher. */
const stringIntroducers: ReadonlySet<number> = new Set([0x50, 0x58, 0x5d, 0x5e, 0x5f]);

function isControl(code: number): boolean {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}
