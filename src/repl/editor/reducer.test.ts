import fc from 'fast-check';
import { expect, test } from 'vitest';
import { graphemes } from '../terminal/cells.ts';
import { KeyDecoder } from '../terminal/keys.ts';
import { unfold } from './folds.ts';
import { editorAction } from './keymap.ts';
import { layoutRows, placeOf } from './layout.ts';
import { type EditorAction, type EditorState, editorReducer, emptyEditor } from './reducer.ts';
import { submission } from './submit.ts';

const start = (text: string, cursor = text.length): EditorState => ({ ...emptyEditor, text, cursor });

/** Types raw terminal input into an editor. */
function press(state: EditorState, input: string): EditorState {
  const decoder = new KeyDecoder();
  return [...decoder.push(input), ...decoder.flush()].reduce((before, event) => {
    const action = editorAction(event);
    return action ? editorReducer(before, action) : before;
  }, state);
}

const show = ({ text, cursor }: EditorState) => `${text.slice(0, cursor)}|${text.slice(cursor)}`;

test.each([
  ['Ctrl+A', start('one two'), '\x01', '|one two'],
  ['Ctrl+E', start('one two', 0), '\x05', 'one two|'],
  ['Ctrl+B, Ctrl+F', start('abc'), '\x02\x02\x06', 'ab|c'],
  ['Ctrl+K', start('one two', 3), '\x0b', 'one|'],
  ['Ctrl+U', start('one two', 4), '\x15', '|two'],
  ['Ctrl+W', start('one-two three'), '\x17', 'one-two |'],
  ['Ctrl+W twice, Ctrl+Y', start('one two three'), '\x17\x17\x01\x19', 'two three|one '],
  ['Ctrl+T at the end', start('abc'), '\x14', 'acb|'],
  ['Ctrl+T inside', start('abc', 1), '\x14', 'ba|c'],
  ['Ctrl+T at the start', start('abc', 0), '\x14', '|abc'],
  ['Alt+B twice', start('one two-three'), '\x1bb\x1bb', 'one |two-three'],
  ['Alt+F', start('one two', 0), '\x1bf', 'one| two'],
  ['Alt+D', start('one two', 0), '\x1bd', '| two'],
  ['Ctrl+D', start('abc', 1), '\x04', 'a|c'],
  ['Home on the second line', start('ab\ncd'), '\x1b[H', 'ab\n|cd'],
  ['Ctrl+J', start('ab', 1), '\n', 'a\n|b'],
  ['Alt+Enter', start('ab'), '\x1b\r', 'ab\n|'],
  ['backspace takes a whole grapheme', start('a👩‍💻'), '\x7f', 'a|'],
  ['backspace takes a combined letter', start('e\u0301'), '\x7f', '|'],
  ['undo takes a word', ['one', ' ', 'two'].reduce(press, start('')), '\x1f', 'one|'],
])('%s', (_, state, input, expected) => {
  expect(show(press(state, input))).toBe(expected);
});

test('up and down keep the column over a shorter line', () => {
  let state = start('abcdef\nx\nuvwxyz', 4);
  state = editorReducer(state, { type: 'vertical', rows: 1, columns: 20 });
  expect(show(state)).toBe('abcdef\nx|\nuvwxyz');
  state = editorReducer(state, { type: 'vertical', rows: 1, columns: 20 });
  expect(show(state)).toBe('abcdef\nx\nuvwx|yz');
  expect(editorReducer(state, { type: 'vertical', rows: 1, columns: 20 })).toBe(state);
});

test('a large paste is one character until it is sent', () => {
  const paste = Array.from({ length: 10_000 }, (_, i) => `line ${i}`).join('\n');
  let state = editorReducer(start('see: '), { type: 'paste', text: paste });
  expect(layoutRows(state.text, 40, state.folds)).toMatchObject([{ text: 'see: [10,000 lines pasted]' }]);
  expect(unfold(state.text, state.folds)).toBe(`see: ${paste}`);
  state = press(state, '\x7f');
  expect(state.text).toBe('see: ');
});

test('what goes on and what is sent', () => {
  expect(submission('one\\', 4)).toEqual({ type: 'continue', remove: 1 });
  expect(submission('"""one', 6)).toEqual({ type: 'continue', remove: 0 });
  expect(submission('"""', 3)).toEqual({ type: 'continue', remove: 0 });
  expect(submission('"""one\ntwo"""', 12)).toEqual({ type: 'send', text: 'one\ntwo' });
  expect(submission('"""\none\n"""', 11)).toEqual({ type: 'send', text: 'one' });
  expect(submission('one', 3)).toEqual({ type: 'send', text: 'one' });
  expect(submission('one\\', 2)).toEqual({ type: 'send', text: 'one\\' });
});

/** The simplest editor that could be right: a list of graphemes and a place in it. */
class Model {
  list: string[] = [];
  at = 0;
  killed = '';
  apply(action: EditorAction): void {
    if (action.type === 'type') this.insert(action.text);
    else if (action.type === 'yank') this.insert(this.killed);
    else if (action.type === 'move') this.at = this.find(action.to);
    else if (action.type === 'delete' || action.type === 'kill') {
      const [from, to] = [this.at, this.find(action.to)].sort((a, b) => a - b) as [number, number];
      const removed = this.list.splice(from, to - from).join('');
      this.at = from;
      if (action.type === 'kill' && removed !== '') this.killed = removed;
    }
  }
  insert(text: string): void {
    const added = graphemes(text);
    this.list.splice(this.at, 0, ...added);
    this.at += added.length;
  }
  find(place: string): number {
    const lineStart = this.list.lastIndexOf('\n', this.at - 1) + 1;
    const lineEnd = this.list.indexOf('\n', this.at);
    if (place === 'left') return Math.max(0, this.at - 1);
    if (place === 'right') return Math.min(this.list.length, this.at + 1);
    if (place === 'line-start') return this.at === 0 ? 0 : lineStart;
    if (place === 'line-end') return lineEnd < 0 ? this.list.length : lineEnd;
    return place === 'start' ? 0 : this.list.length;
  }
}

const places = fc.constantFrom('left', 'right', 'line-start', 'line-end', 'start', 'end' as const);
const action: fc.Arbitrary<EditorAction> = fc.oneof(
  fc
    .constantFrom('a', 'word ', '漢', '👩‍💻', '\n', 'é')
    .map((text): EditorAction => ({ type: 'type', text })),
  places.map((to): EditorAction => ({ type: 'move', to })),
  places.map((to): EditorAction => ({ type: 'delete', to })),
  // A move between two kills keeps them apart, as in the model.
  places.map((to): EditorAction => ({ type: 'kill', to })),
  fc.constant<EditorAction>({ type: 'yank' }),
);

test('the editor does what a list of graphemes does', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
      const model = new Model();
      let state = emptyEditor;
      for (const next of actions) {
        state = { ...editorReducer(state, next), last: 'other' };
        model.apply(next);
        expect(state.text).toBe(model.list.join(''));
        expect(state.cursor).toBe(model.list.slice(0, model.at).join('').length);
      }
    }),
    { numRuns: 300 },
  );
});

test('undo leads back to the start, and the cursor is always on the screen', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 30 }), fc.integer({ min: 8, max: 40 }), (actions, columns) => {
      let state = emptyEditor;
      for (const next of actions) {
        state = editorReducer(state, next);
        const rows = layoutRows(state.text, columns, state.folds);
        const { x, y } = placeOf(rows, state.text, state.cursor, state.folds);
        expect(x).toBeLessThan(columns);
        expect(y).toBeLessThan(rows.length);
      }
      for (let i = 0; i <= actions.length; i++) state = editorReducer(state, { type: 'undo' });
      expect(state.text).toBe('');
    }),
  );
});
