import { expect, test } from 'vitest';
import { imageSupportOf, mayAskForImages } from './images.ts';
import { ReplyReader } from './replies.ts';

const kittyAnswer = '\x1b_Gi=31;OK\x1b\\';
const refusal = '\x1b_Gi=31;ENOTSUPPORTED\x1b\\';
const cell = '\x1b[6;20;10t';

test.each([
  ['Kitty', `${kittyAnswer}${cell}\x1b[?62;c`, {}, { protocol: 'kitty', cell: { width: 10, height: 20 } }],
  ['Sixel', `${cell}\x1b[?62;4;22c`, {}, { protocol: 'sixel', cell: { width: 10, height: 20 } }],
  ['Sixel without the size of a cell', '\x1b[?62;4c', {}, undefined],
  ['neither', `${refusal}\x1b[?1;2c`, {}, undefined],
  ['attribute 44 is not 4', `${cell}\x1b[?62;44c`, {}, undefined],
  ['iTerm2', '\x1b[?64;c', { TERM_PROGRAM: 'iTerm.app' }, { protocol: 'iterm2' }],
  ['nothing', '', {}, undefined],
])('%s', (_, answers, env, expected) => {
  expect(imageSupportOf(answers, env)).toEqual(expected);
});

test.each([
  [{ TERM: 'xterm-256color' }, true],
  [{ TERM: 'xterm-kitty' }, true],
  [{ TERM: 'xterm-256color', TMUX: '/tmp/tmux-0/default,1,0' }, false],
  [{ TERM: 'screen-256color' }, false],
  [{ TERM: 'linux' }, false],
  [{ TERM: 'dumb' }, false],
  [{ TERM: 'xterm-256color', TERM_PROGRAM: 'Apple_Terminal' }, false],
  [{}, false],
])('%j is asked: %s', (env, expected) => {
  expect(mayAskForImages(env)).toBe(expected);
});

test('answers are taken out from between keys, wherever the reads are cut', () => {
  const text = `ab${kittyAnswer}c${cell}\x1b[A\x1b[?62;4cd`;
  for (let cut = 0; cut <= text.length; cut++) {
    let isDone = false;
    const reader = new ReplyReader(() => {
      isDone = true;
    });
    const keys = reader.take(text.slice(0, cut)) + reader.take(text.slice(cut));
    expect([keys, isDone, reader.answers]).toEqual(['abc\x1b[Ad', true, `${kittyAnswer}${cell}\x1b[?62;4c`]);
  }
});

test('a lone Escape is given back when nothing more is expected; late answers are swallowed', () => {
  const reader = new ReplyReader(() => {});
  expect(reader.take('x\x1b')).toBe('x');
  expect(reader.end()).toBe('\x1b');
  expect(reader.take('\x1b')).toBe('\x1b');
  expect(reader.take(`${kittyAnswer}y`)).toBe('y');
});
