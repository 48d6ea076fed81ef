import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSanitiser, sanitise, sanitiseLine } from './sanitise.ts';

/** Text that is likely to hit every rule: introducers, terminators, hidden characters, emoji, scripts. */
const pieces = fc.oneof(
  fc.constantFrom(
    '\x1b',
    '\x1b[',
    '\x1b]',
    '\x1b]8;;https://a.example/\x1b\\',
    '\x1bP',
    '\x1b_',
    '\x1b^',
    '\x1bX',
    '\x1b\\',
    '\x07',
    '\x9b',
    '\x9d',
    '\x90',
    '\x9c',
    '\r\n',
    '\n',
    '\t',
    '31m',
    '8;;',
    ' ',
    'é',
    '\u0301',
    '\u202e',
    '\u2066',
    '\u200d',
    '\u200c',
    '\ufe0f',
    '\ufe0e',
    '\u{e0041}',
    '\u{e0101}',
    '👩‍👩‍👧',
    '葛',
    'क्‍ष',
    'می‌خواهم',
    '\ud83d',
    '\udc69',
    '\u2028',
    '\uffff',
  ),
  fc.string({ unit: 'binary', maxLength: 4 }),
);
const hostile = fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join(''));

describe('sanitise', () => {
  it('lets no forbidden code point out', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const out = sanitise(text);
        expect(out).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f]/);
        expect(out).not.toMatch(/[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/);
        expect(out).not.toMatch(/[\u{e0000}-\u{e007f}\p{Noncharacter_Code_Point}]/u);
        expect(out.isWellFormed()).toBe(true);
        expect(out).not.toMatch(/(?:\u200c|\u200d){2}|(?:[\ufe00-\ufe0f]|[\u{e0100}-\u{e01ef}]){2}/u);
      }),
      { numRuns: 2000 },
    );
  });

  it('gives the same for any split as for one piece', () => {
    fc.assert(
      fc.property(hostile, fc.array(fc.nat(80), { maxLength: 8 }), (text, cuts) => {
        const places = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length];
        const sanitiser = createSanitiser();
        let out = '';
        for (let i = 1; i < places.length; i++) out += sanitiser.push(text.slice(places[i - 1], places[i]));
        expect(out + sanitiser.flush()).toBe(sanitise(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const once = sanitise(text);
        expect(sanitise(once)).toBe(once);
      }),
      { numRuns: 2000 },
    );
  });

  it('is as new after a flush', () => {
    const sanitiser = createSanitiser();
    expect(sanitiser.push('👩') + sanitiser.push('\x1b]0;x') + sanitiser.flush()).toBe('👩0;x');
    expect(sanitiser.push('\u200d\udc00a') + sanitiser.flush()).toBe('\ufffda');
  });

  it.each([
    ['an emoji family', '👩‍👩‍👧‍👦 👨🏽‍🚀 🏳️‍🌈 👩‍❤️‍👨 ❤️ ☎︎ 1️⃣ #️⃣ 🇩🇪'],
    ['Chinese, Japanese, Korean', '漢字かな交じり文、한국어 葛\u{e0100}城'],
    ['Arabic and Persian', 'السلام عليكم می‌خواهم'],
    ['Hebrew with points', 'בְּרֵאשִׁית'],
    ['Hindi with joiners', 'क्‍ष क्‌ष नमस्ते'],
    ['Mongolian with a selector', 'ᠮᠣᠩᠭᠣᠯ ᠠ\u180bᠨ'],
    ['combining marks', 'e\u0301 a\u0308\u0304 Z̃'],
    ['math and private use', '𝒳 ⊕ ≨︀ \ue0b0'],
    ['lines and tabs', 'a\n\tb\n'],
    ['no-break spaces', 'a\u00a0b\u202fc'],
  ])('leaves %s untouched', (_, text) => {
    expect(sanitise(text)).toBe(text);
  });

  it.each([
    ['colours', '\x1b[1;31mred\x1b[0m', 'red'],
    ['concealed text', '\x1b[8msecret\x1b[28m', 'secret'],
    ['a hyperlink', '\x1b]8;id=1;https://evil.example\x1b\\link\x1b]8;;\x07!', 'link!'],
    ['a title and the clipboard', '\x1b]0;title\x07a\x1b]52;c;aGk=\x9cb', 'ab'],
    ['DCS, APC, PM, SOS', '\x1bPq#0\x1b\\a\x1b_Gx\x1b\\b\x1b^p\x1b\\c\x1bXs\x1b\\d', 'abcd'],
    ['their C1 forms', '\x9b31ma\x9d0;t\x07b\x90q\x9cc\x98s\x9cd\x9ep\x9ce\x9fg\x9cf', 'abcdef'],
    ['reset and charset', 'a\x1bcb\x1b(0c\x1b=d', 'abcd'],
    ['carriage returns', 'a\r\nb\rc', 'a\nbc'],
    ['line and paragraph separators', 'a\u2028b\u2029c', 'a\nb\nc'],
    ['bidirectional tricks', 'user\u202e\u2066gpj\u2069.exe', 'usergpj.exe'],
    ['tag characters', 'hi\u{e0001}\u{e0048}\u{e0069}\u{e007f}', 'hi'],
    ['data in selectors', `a${'\ufe01'.repeat(5)}👍\u{e0120}\u{e0130}`, 'a👍'],
    ['joiners in Latin text', 'pay\u200dpal \u200c\u200d', 'paypal '],
    ['fillers and soft hyphens', 'a\u3164\u115f\u00adb\u2060', 'ab'],
    ['annotations', '\ufff9base\ufffanote\ufffb', 'basenote'],
    ['lone surrogates', 'a\ud83db\udc00', 'a\ufffdb\ufffd'],
  ])('takes out %s', (_, text, expected) => {
    expect(sanitise(text)).toBe(expected);
  });

  it('shows what follows a sequence that never ends', () => {
    expect(sanitise('\x1b]0;rest\nand more')).toBe('0;rest\nand more');
    expect(sanitise('\x1bPabc')).toBe('abc');
    expect(sanitise('\x1b[12é')).toBe('12é');
    expect(sanitise('\x1b]a\x1b[31mb')).toBe('ab');
    const long = 'x'.repeat(10_000);
    expect(sanitise(`\x1b]${long}\x07end`)).toBe(`${long}end`);
    const sanitiser = createSanitiser();
    expect(sanitiser.push(`\x1b]${long}`)).toBe(long);
  });
});

describe('sanitiseLine', () => {
  it('gives one clean line', () => {
    expect(sanitiseLine('  a\n\tb\u2028\x1b[2Jc  ')).toBe('a b c');
  });
});
