import type { KeyEvent } from '../terminal/keys.ts';
import type { EditorAction, Place } from './reducer.ts';

const kill = (to: Place): EditorAction => ({ type: 'kill', to });
const move = (to: Place): EditorAction => ({ type: 'move', to });
const erase = (to: Place): EditorAction => ({ type: 'delete', to });
const newline: EditorAction = { type: 'type', text: '\n' };

// As GNU readline's emacs mode has them.
const keys: Readonly<Record<string, EditorAction>> = {
  left: move('left'),
  right: move('right'),
  home: move('line-start'),
  end: move('line-end'),
  backspace: erase('left'),
  delete: erase('right'),
  'ctrl+a': move('line-start'),
  'ctrl+e': move('line-end'),
  'ctrl+b': move('left'),
  'ctrl+f': move('right'),
  'ctrl+h': erase('left'),
  'ctrl+d': erase('right'),
  'ctrl+k': kill('line-end'),
  'ctrl+u': kill('line-start'),
  'ctrl+w': kill('blank-left'),
  'ctrl+y': { type: 'yank' },
  'ctrl+t': { type: 'transpose' },
  'ctrl+_': { type: 'undo' },
  'ctrl+left': move('word-left'),
  'ctrl+right': move('word-right'),
  'ctrl+home': move('start'),
  'ctrl+end': move('end'),
  'alt+b': move('word-left'),
  'alt+f': move('word-right'),
  'alt+left': move('word-left'),
  'alt+right': move('word-right'),
  'alt+d': kill('word-right'),
  'alt+backspace': kill('word-left'),
  'ctrl+backspace': kill('word-left'),
  'alt+<': move('start'),
  'alt+>': move('end'),
  'ctrl+j': newline,
  'alt+enter': newline,
  'shift+enter': newline,
};

/** The name of a key with its modifiers, for example `ctrl+alt+b`. */
export function keyName(event: KeyEvent & { type: 'key' }): string {
  const shift = event.shift && (event.name.length > 1 || !event.alt);
  return `${event.ctrl ? 'ctrl+' : ''}${event.alt ? 'alt+' : ''}${shift ? 'shift+' : ''}${event.name}`;
}

/** What a key does inside the editor; undefined when it means nothing there. */
export function editorAction(event: KeyEvent): EditorAction | undefined {
  switch (event.type) {
    case 'text':
      return { type: 'type', text: event.text };
    case 'paste':
      return { type: 'paste', text: event.text };
    case 'key':
      return keys[keyName(event)];
    default:
      return event satisfies never;
  }
}
