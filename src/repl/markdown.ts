import type { Span } from './terminal/tape.ts';
import type { Role, Theme } from './theme.ts';

/**
 * Styles Markdown while it streams. Not a character is added, taken away or moved: the transcript stays
 * what the model wrote, and can be copied as Markdown. Only what could still become a mark is held back,
 * so the outputs are the same however the text is split.
 */
export class MarkdownStyler {
  readonly #theme: Theme;
  #held = '';
  #isLineStart = true;
  #isHeading = false;
  #isStrong = false;
  #isEmphasis = false;
  /** Backticks that opened the code we are in; '' outside. */
  #code = '';
  /** Backticks that opened the block we are in; '' outside. */
  #fence = '';
  #isFenceLine = false;

  constructor(theme: Theme) {
    this.#theme = theme;
  }

  push(text: string): Span[] {
    return this.#style(this.#held + text, false);
  }

  /** The text ends here. */
  flush(): Span[] {
    return this.#style(this.#held, true);
  }

  #style(text: string, isEnd: boolean): Span[] {
    this.#held = '';
    const spans: Span[] = [];
    let from = 0;
    while (from < text.length) {
      const isProse = this.#fence === '' || this.#isFenceLine;
      const pattern = isProse ? prose : code;
      pattern.lastIndex = from;
      const token = pattern.exec(text)![0];
      const next = text[from + token.length];
      // The token may go on in the next part.
      if (next === undefined && !isEnd && !(isProse ? completeProse : completeCode).test(token)) {
        this.#held = token;
        break;
      }
      const isCode = this.#fence !== '';
      const style = this.#take(token, next);
      spans.push({ text: token, style, ...(isCode ? { verbatim: true } : {}) });
      from += token.length;
    }
    return spans;
  }

  /** Gives the style of a token, and notes what it opens or closes. */
  #take(token: string, next: string | undefined): string {
    const isLineStart = this.#isLineStart;
    this.#isLineStart = token === '\n' || (isLineStart && /^\s+$/.test(token));
    if (token === '\n') {
      this.#endLine();
      return '';
    }
    if (token.startsWith('```') && isLineStart && token.length >= this.#fence.length) {
      this.#fence = this.#fence === '' ? token : '';
      this.#isFenceLine = true;
      return this.#role('dim');
    }
    if (this.#isFenceLine) return this.#role('dim');
    if (this.#fence !== '') return this.#codeStyle(token);
    if (token.startsWith('`')) {
      if (this.#code === '') this.#code = token;
      else if (this.#code === token) {
        this.#code = '';
        return this.#role('code');
      }
    }
    if (this.#code !== '') return this.#role('code');
    if (token.startsWith('#') && isLineStart && next === ' ') this.#isHeading = true;
    else if (token.startsWith('*')) return this.#stars(token, next, isLineStart);
    return this.#textStyle();
  }

  #stars(token: string, next: string | undefined, isLineStart: boolean): string {
    const opens = next !== undefined && !/\s/.test(next);
    if (token === '*' && isLineStart && !opens) return this.#role('mark');
    const before = this.#textStyle();
    if (token.length >= 2 && (this.#isStrong || opens)) this.#isStrong = !this.#isStrong;
    if (token.length % 2 === 1 && (this.#isEmphasis || opens)) this.#isEmphasis = !this.#isEmphasis;
    // A mark looks like the text it belongs to, on either side.
    return this.#textStyle() || before;
  }

  #textStyle(): string {
    if (this.#isHeading) return this.#role('heading');
    return (this.#isStrong ? this.#role('strong') : '') + (this.#isEmphasis ? this.#role('emphasis') : '');
  }

  #codeStyle(token: string): string {
    if (/^["'`]./.test(token)) return this.#role('string');
    if (/^(\/\/|# |--)/.test(token)) return this.#role('dim');
    if (/^\d/.test(token)) return this.#role('number');
    return keywords.has(token) ? this.#role('keyword') : '';
  }

  #endLine(): void {
    this.#isFenceLine = false;
    this.#isHeading = false;
    this.#isStrong = false;
    this.#isEmphasis = false;
    this.#code = '';
  }

  #role(role: Role): string {
    return this.#theme[role];
  }
}

const prose = /\n|`+|\*+|#+|[^\n`*#]+/y;
const code =
  /\n|```+|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|\/\/[^\n]*|# [^\n]*|-- [^\n]*|[A-Za-z_]\w*|\d[\w.]*|[ \t]+|[^\w\s]/y;

// Tokens that what follows cannot make longer, or whose style it cannot change.
const completeProse = /^[^`*#]/;
const completeCode = /^[\s()[\]{},;.:+=<>!&|^%$@~?\\]+$/;

// Words that are reserved in most of the languages a chat writes.
const keywords: ReadonlySet<string> = new Set(
  (
    'abstract and as async await break case catch class const continue def default defer del do elif else end enum ' +
    'except export extends false finally fn for from func function global go if impl implements import in interface ' +
    'is lambda let loop match mod module mut new nil none None not null or package pass private protected pub public ' +
    'raise return select self static struct super switch this throw trait true True False try type typeof use using ' +
    'var void where while with yield SELECT FROM WHERE JOIN INSERT UPDATE DELETE CREATE TABLE'
  ).split(' '),
);
