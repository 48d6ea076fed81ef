import { graphemes } from '../terminal/cells.ts';
import { addFold, type Folds, shouldFold, withoutControls } from './folds.ts';
import { layoutRows, offsetAt, placeOf } from './layout.ts';

export interface EditorState {
  readonly text: string;
  /** Offset into the text, always between two graphemes. */
  readonly cursor: number;
  readonly folds: Folds;
  /** What Ctrl+Y puts back. */
  readonly killed: string;
  readonly undo: readonly { readonly text: string; readonly cursor: number }[];
  /** What the last action was: kills in a row add up, typing in a row is undone at once. */
  readonly last: 'type' | 'kill' | 'vertical' | 'other';
  /** Column that moving up and down keeps to. */
  readonly column: number;
}

export type EditorAction =
  | { readonly type: 'type'; readonly text: string }
  | { readonly type: 'paste'; readonly text: string }
  | { readonly type: 'replace'; readonly text: string; readonly from?: number; readonly to?: number }
  | { readonly type: 'move'; readonly to: Place }
  | { readonly type: 'vertical'; readonly rows: 1 | -1; readonly columns: number }
  | { readonly type: 'delete'; readonly to: Place }
  | { readonly type: 'kill'; readonly to: Place }
  | { readonly type: 'yank' }
  | { readonly type: 'transpose' }
  | { readonly type: 'undo' }
  /** The text was sent: an empty editor that still knows what was killed. */
  | { readonly type: 'reset' };

/** Places relative to the cursor; a `blank` word ends at white space, a `word` at anything but letters and digits. */
export type Place =
  | 'left'
  | 'right'
  | 'word-left'
  | 'word-right'
  | 'blank-left'
  | 'line-start'
  | 'line-end'
  | 'start'
  | 'end';

export const emptyEditor: EditorState = {
  text: '',
  cursor: 0,
  folds: new Map(),
  killed: '',
  undo: [],
  last: 'other',
  column: 0,
};

const undoLimit = 500;

/** The editor's whole behaviour. Pure: the same state and action give the same state. */
export function editorReducer(state: EditorState, action: EditorAction): EditorState {
  switch (action.type) {
    case 'type': {
      const text = withoutControls(action.text);
      // Each word is one step of undo.
      const continues = state.last === 'type' && !/\s/.test(text);
      return { ...splice(state, state.cursor, state.cursor, text, !continues), last: 'type' };
    }
    case 'paste': {
      const text = withoutControls(action.text);
      if (!shouldFold(text)) return splice(state, state.cursor, state.cursor, text);
      const { folds, character } = addFold(state.folds, text);
      return splice({ ...state, folds }, state.cursor, state.cursor, character);
    }
    case 'replace':
      return splice(state, action.from ?? 0, action.to ?? state.text.length, withoutControls(action.text));
    case 'move':
      return { ...state, cursor: find(state, action.to), last: 'other' };
    case 'vertical':
      return moveVertically(state, action.rows, action.columns);
    case 'delete':
      return remove(state, find(state, action.to)).state;
    case 'kill': {
      const target = find(state, action.to);
      const { state: next, removed } = remove(state, target);
      if (removed === '') return state;
      const before = state.last === 'kill' ? state.killed : '';
      const killed = target < state.cursor ? removed + before : before + removed;
      return { ...next, killed, last: 'kill' };
    }
    case 'yank':
      return state.killed === '' ? state : splice(state, state.cursor, state.cursor, state.killed);
    case 'transpose':
      return transpose(state);
    case 'undo': {
      const previous = state.undo.at(-1);
      return previous ? { ...state, ...previous, undo: state.undo.slice(0, -1), last: 'other' } : state;
    }
    case 'reset':
      return { ...emptyEditor, killed: state.killed };
    default:
      return action satisfies never;
  }
}

function splice(state: EditorState, from: number, to: number, text: string, step = true): EditorState {
  if (from === to && text === '') return state;
  return {
    ...state,
    text: state.text.slice(0, from) + text + state.text.slice(to),
    cursor: from + text.length,
    undo: step ? [...state.undo.slice(-undoLimit), { text: state.text, cursor: state.cursor }] : state.undo,
    last: 'other',
  };
}

function remove(state: EditorState, target: number): { state: EditorState; removed: string } {
  const from = Math.min(target, state.cursor);
  const to = Math.max(target, state.cursor);
  return { state: splice(state, from, to, ''), removed: state.text.slice(from, to) };
}

function find({ text, cursor }: EditorState, place: Place): number {
  const before = text.slice(0, cursor);
  const after = text.slice(cursor);
  switch (place) {
    case 'left':
      return cursor - (graphemes(before.slice(-64)).at(-1)?.length ?? 0);
    case 'right':
      return cursor + (graphemes(after.slice(0, 64))[0]?.length ?? 0);
    case 'word-left':
      return before.replace(/[\p{L}\p{N}\p{M}_]*[^\p{L}\p{N}\p{M}_]*$/u, '').length;
    case 'word-right':
      return cursor + /^[^\p{L}\p{N}\p{M}_]*[\p{L}\p{N}\p{M}_]*/u.exec(after)![0].length;
    case 'blank-left':
      return before.replace(/\S*\s*$/, '').length;
    case 'line-start':
      return before.lastIndexOf('\n') + 1;
    case 'line-end': {
      const end = after.indexOf('\n');
      return end === -1 ? text.length : cursor + end;
    }
    case 'start':
      return 0;
    case 'end':
      return text.length;
    default:
      return place satisfies never;
  }
}

function transpose(state: EditorState): EditorState {
  const lineStart = find(state, 'line-start');
  const lineEnd = find(state, 'line-end');
  // At a line's end the two graphemes before the cursor change places.
  const end = state.cursor < lineEnd ? find(state, 'right') : state.cursor;
  const [first, second] = graphemes(state.text.slice(lineStart, end)).slice(-2);
  if (first === undefined || second === undefined) return state;
  return splice(state, end - first.length - second.length, end, second + first);
}

function moveVertically(state: EditorState, by: 1 | -1, columns: number): EditorState {
  const rows = layoutRows(state.text, columns, state.folds);
  const place = placeOf(rows, state.text, state.cursor, state.folds);
  const row = rows[place.y + by];
  if (!row) return state;
  const column = state.last === 'vertical' ? state.column : place.x;
  return { ...state, cursor: offsetAt(row, state.text, column, state.folds), last: 'vertical', column };
}
