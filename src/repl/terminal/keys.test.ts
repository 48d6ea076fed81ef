import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyDecoder, type KeyEvent } from './keys.ts';

const decode = (input: string): string[] => {
  const decoder = new KeyDecoder();
  return [...decoder.push(input), ...decoder.flush()].map(show);
};

function show(event: KeyEvent): string {
  if (event.type !== 'key') return `${event.type}:${event.text}`;
  return [event.ctrl && 'ctrl', event.alt && 'alt', event.shift && 'shift', event.name]
    .filter(Boolean)
    .join('+');
}

test.each([
  ['hello', ['text:hello']],
  ['hi\rthere', ['text:hi', 'enter', 'text:there']],
  ['\x01\x05\x1f', ['ctrl+a', 'ctrl+e', 'ctrl+_']],
  ['\n', ['ctrl+j']],
  ['\x7f\x08', ['backspace', 'backspace']],
  ['\x1b[A\x1bOB\x1b[1;5C', ['up', 'down', 'ctrl+right']],
  ['\x1b[H\x1b[4~\x1b[3~\x1bOH', ['home', 'end', 'delete', 'home']],
  ['\x1bb\x1bF\x1b\x7f', ['alt+b', 'alt+shift+f', 'alt+backspace']],
  ['\x1b\r', ['alt+enter']],
  ['\x1b[13;2u\x1b[27;2;13~', ['shift+enter', 'shift+enter']],
  ['\x1b[97;5u', ['ctrl+a']],
  ['\x1b', ['escape']],
  ['\x1b\x1b', ['escape', 'escape']],
  ['\x1b\x1b[D', ['alt+left']],
  ['\x1b[?1u\x1b[24;80R', []],
  ['漢👩‍💻', ['text:漢👩‍💻']],
  ['\x1b[200~a\r\nb\rc\x1b[201~d', ['paste:a\nb\nc', 'text:d']],
  ['\x1b[200~\x1b[A\x03\x1b[201~', ['paste:\x1b[A\x03']],
])('%j', (input, expected) => {
  expect(decode(input)).toEqual(expected);
});

test('where a read is cut changes nothing', () => {
  const inputs = [
    'ab',
    '\r',
    '\x1b[A',
    '\x1b[1;5C',
    '\x1bOH',
    '\x1bf',
    '\x1b[200~x\ny\x1b[20z\x1b[201~',
    '\x1b[13;2u',
    '漢',
  ];
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...inputs), { maxLength: 8 }),
      fc.array(fc.nat(60)),
      (parts, cuts) => {
        const input = parts.join('');
        const decoder = new KeyDecoder();
        const places = [...new Set(cuts.filter((cut) => cut < input.length))].sort((a, b) => a - b);
        const shown: string[] = [];
        for (const [index, place] of [0, ...places].entries()) {
          shown.push(...decoder.push(input.slice(place, [0, ...places][index + 1])).map(show));
        }
        shown.push(...decoder.flush().map(show));
        const join = (events: string[]) => events.join('|').replaceAll('|text:', '');
        expect(join(['', ...shown])).toBe(join(['', ...decode(input)]));
      },
    ),
  );
});
