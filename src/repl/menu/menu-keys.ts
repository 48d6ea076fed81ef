import type { Menu } from '../commands/command.ts';
import { keyName } from '../editor/keymap.ts';
import { Store } from '../store.ts';
import type { KeyEvent } from '../terminal/keys.ts';
import { type MenuAction, type MenuState, matches, menuReducer } from './reducer.ts';

const moves: Readonly<Record<string, number>> = {
  up: -1,
  'ctrl+p': -1,
  'shift+tab': -1,
  down: 1,
  'ctrl+n': 1,
  tab: 1,
  pageup: -8,
  pagedown: 8,
  home: -Infinity,
  end: Infinity,
};

/** What the keys do while a menu is open. */
export class MenuKeys {
  readonly store = new Store<MenuState | undefined, MenuAction>(menuReducer, undefined);
  readonly #onHint: (hint: string | undefined) => void;
  #answer: ((value: unknown) => void) | undefined;

  constructor(onHint: (hint: string | undefined) => void) {
    this.#onHint = onHint;
  }

  get isOpen(): boolean {
    return this.store.get() !== undefined;
  }

  /** `answer` is given what was chosen, undefined when the person left, before any further key is handled. */
  open<Value>(menu: Menu<Value>, answer: (value: Value | undefined) => void): void {
    this.#answer = answer as (value: unknown) => void;
    this.store.dispatch({ type: 'open', menu });
    this.#onHint('↑↓ choose · Enter takes · Esc leaves');
  }

  /** Leaves without a choice, or with one. */
  close(value?: unknown): void {
    this.store.dispatch({ type: 'close' });
    this.#onHint(undefined);
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.(value);
  }

  handle(event: KeyEvent): void {
    const state = this.store.get();
    if (!state) return;
    if (event.type !== 'key') {
      this.#filter(state.filter + event.text.replaceAll(/\s+/g, ' '));
      return;
    }
    const name = keyName(event);
    const by = moves[name];
    if (by !== undefined) this.store.dispatch({ type: 'move', by });
    else if (name === 'backspace') this.#filter(state.filter.slice(0, -1));
    else if (name === 'enter') {
      const item = matches(state)[state.selected];
      if (item) this.close(item.value);
    } else if (name === 'escape' || name === 'ctrl+c' || name === 'ctrl+d') this.close();
  }

  #filter(filter: string): void {
    this.store.dispatch({ type: 'filter', filter });
  }
}
