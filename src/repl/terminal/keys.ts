/** What a person did on the keyboard. */
export type KeyEvent =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'paste'; readonly text: string }
  | {
      readonly type: 'key';
      readonly name: KeyName;
      readonly ctrl: boolean;
      readonly alt: boolean;
      readonly shift: boolean;
    };

/** A key that is not text; one lower-case character for keys held with Ctrl or Alt. */
type KeyName = NamedKey | (string & {});

type NamedKey =
  | 'enter'
  | 'tab'
  | 'backspace'
  | 'delete'
  | 'escape'
  | 'up'
  | 'down'
  | 'left'
  | 'right'
  | 'home'
  | 'end'
  | 'pageup'
  | 'pagedown';

const pasteStart = '\x1b[200~';
const pasteEnd = '\x1b[201~';

const finals: Readonly<Record<string, NamedKey>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  F: 'end',
  H: 'home',
};
const numbers: Readonly<Record<string, NamedKey>> = {
  1: 'home',
  3: 'delete',
  4: 'end',
  5: 'pageup',
  6: 'pagedown',
  7: 'home',
  8: 'end',
};
// Code points of the kitty keyboard protocol and of xterm's modifyOtherKeys.
const codes: Readonly<Record<number, NamedKey>> = { 9: 'tab', 13: 'enter', 27: 'escape', 127: 'backspace' };

const sequence = /^\x1b(?:\[([\d;:?<>=]*)([ -/]*)([@-~])|O([\d;]*)([A-Za-z]))/;
const unfinished = /^\x1b(?:$|\x1b?\[[\d;:?<>=]*[ -/]*$|\x1b?O[\d;]*$|\x1b$)/;

function key(name: KeyName, modifiers: { ctrl?: boolean; alt?: boolean; shift?: boolean } = {}): KeyEvent {
  return {
    type: 'key',
    name,
    ctrl: modifiers.ctrl ?? false,
    alt: modifiers.alt ?? false,
    shift: modifiers.shift ?? false,
  };
}

/**
 * Turns what a terminal sends into key events, whatever the borders of its reads. A lone Escape cannot be
 * told from the start of a sequence: the caller calls `flush` when nothing followed it for a moment.
 */
export class KeyDecoder {
  #rest = '';
  #paste: string[] | undefined;

  /** Whether an Escape waits for what follows it. */
  get isWaiting(): boolean {
    return this.#rest !== '' && this.#paste === undefined;
  }

  push(input: string): KeyEvent[] {
    const events: KeyEvent[] = [];
    let text = this.#rest + input;
    this.#rest = '';
    while (text !== '') {
      if (this.#paste) {
        text = this.#takePaste(text, events);
        continue;
      }
      if (text.startsWith(pasteStart)) {
        this.#paste = [];
        text = text.slice(pasteStart.length);
        continue;
      }
      if (text[0] === '\x1b' && unfinished.test(text)) {
        this.#rest = text;
        break;
      }
      const [event, length] = next(text);
      if (event) events.push(event);
      text = text.slice(length);
    }
    return events;
  }

  /** Nothing followed the Escape: it was the key itself. */
  flush(): KeyEvent[] {
    if (!this.isWaiting) return [];
    const rest = this.#rest;
    this.#rest = '';
    return [key('escape'), ...this.push(rest.slice(1)), ...this.flush()];
  }

  #takePaste(text: string, events: KeyEvent[]): string {
    const paste = this.#paste!;
    const end = text.indexOf(pasteEnd);
    if (end >= 0) {
      paste.push(text.slice(0, end));
      events.push({ type: 'paste', text: paste.join('').replaceAll(/\r\n?/g, '\n') });
      this.#paste = undefined;
      return text.slice(end + pasteEnd.length);
    }
    // The end mark may be cut between two reads.
    const cut = text.lastIndexOf('\x1b');
    const keep = cut >= 0 && pasteEnd.startsWith(text.slice(cut)) ? cut : text.length;
    paste.push(text.slice(0, keep));
    this.#rest = text.slice(keep);
    return '';
  }
}

/** The first event of a text that does not start with an unfinished sequence, and its length. */
function next(text: string): [KeyEvent | undefined, number] {
  if (text[0] === '\x1b') return nextEscape(text);
  const control = text.search(/[\x00-\x1f\x7f]/);
  if (control !== 0) {
    const length = control === -1 ? text.length : control;
    // An Escape ends the run; C1 controls are no text.
    return [{ type: 'text', text: text.slice(0, length).replaceAll(/[\x80-\x9f]/g, '') }, length];
  }
  return [controlKey(text[0]!, false), 1];
}

function nextEscape(text: string): [KeyEvent | undefined, number] {
  const match = sequence.exec(text);
  if (match) return [decode(match), match[0].length];
  const second = text[1]!;
  if (second === '\x1b') {
    const [inner, length] = nextEscape(text.slice(1));
    // Alt with a cursor key is sent by some terminals as Escape and the key's sequence.
    if (inner?.type === 'key' && length > 1) return [{ ...inner, alt: true }, length + 1];
    return [key('escape'), 1];
  }
  if (/[\x00-\x1f\x7f]/.test(second)) return [controlKey(second, true), 2];
  const character = String.fromCodePoint(text.codePointAt(1)!);
  const lower = character.toLowerCase();
  return [key(lower, { alt: true, shift: lower !== character }), 1 + character.length];
}

function controlKey(character: string, alt: boolean): KeyEvent {
  const code = character.charCodeAt(0);
  if (character === '\r') return key('enter', { alt });
  if (character === '\t') return key('tab', { alt });
  if (code === 0x7f || code === 0x08) return key('backspace', { alt });
  if (code === 0) return key(' ', { ctrl: true, alt });
  // Ctrl with @ A … Z [ \ ] ^ _ sends the character's code less 64.
  return key(String.fromCharCode(code + 64).toLowerCase(), { ctrl: true, alt });
}

function decode(match: RegExpExecArray): KeyEvent | undefined {
  const parameters = match[1] ?? match[4] ?? '';
  const final = match[3] ?? match[5]!;
  if (/[?<>=]/.test(parameters)) return undefined;
  const [first = '', second = '', third = ''] = parameters.split(';');
  const [modifierCode = '', event] = second.split(':');
  // In the kitty protocol a third kind of event is the release of a key.
  if (event === '3') return undefined;
  const bits = Math.max(0, Number(modifierCode || 1) - 1);
  const modifiers = { shift: (bits & 1) > 0, alt: (bits & 2) > 0, ctrl: (bits & 4) > 0 };
  if (final === 'Z') return key('tab', { shift: true });
  if (final === 'M' && match[5]) return key('enter');
  if (final === 'u') return fromCode(Number(first.split(':')[0]), modifiers);
  if (final === '~') {
    if (first === '27') return fromCode(Number(third), modifiers);
    const name = numbers[first];
    return name && key(name, modifiers);
  }
  const name = finals[final];
  return name && key(name, modifiers);
}

function fromCode(
  code: number,
  modifiers: { shift: boolean; alt: boolean; ctrl: boolean },
): KeyEvent | undefined {
  const name = codes[code];
  if (name) return key(name, modifiers);
  // The private use area holds keys that we have no use for (media keys, lone modifiers).
  if (!(code >= 32 && code < 0xe000) && !(code > 0xf8ff && code <= 0x10ffff)) return undefined;
  const character = String.fromCodePoint(code);
  if (modifiers.ctrl || modifiers.alt) return key(character.toLowerCase(), modifiers);
  return { type: 'text', text: character };
}
