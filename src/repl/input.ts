import type { Picture } from '../pictures/index.ts';
import type { Menu, Screen, Suggestion } from './commands/command.ts';
import { suggestions } from './commands/index.ts';
import { shouldFold, unfold } from './editor/folds.ts';
import { editorAction, keyName } from './editor/keymap.ts';
import { type EditorAction, type EditorState, editorReducer, emptyEditor } from './editor/reducer.ts';
import { submission } from './editor/submit.ts';
import { markColumns } from './editor/view.tsx';
import type { History } from './history.ts';
import { type MenuAction, type MenuState, matches, menuReducer } from './menu/reducer.ts';
import type { Repl } from './repl.ts';
import { Store } from './store.ts';
import { Submissions } from './submissions.ts';
import { noSuggestions, type SuggestAction, type SuggestState, suggestReducer } from './suggest/reducer.ts';
import type { KeyEvent } from './terminal/keys.ts';

type Key = KeyEvent & { type: 'key' };

/** What the keys need of the world around the editor. */
export interface InputHost {
  columns(): number;
  /** Lets the person write a text in `$EDITOR`. */
  editOutside(text: string): Promise<string>;
  /** Puts a text on the clipboard through the terminal. */
  copy(text: string): void;
  /** Draws a picture into the transcript; false where the terminal shows no images. */
  drawImage(picture: Picture): Promise<boolean>;
  /** Ctrl+Z. */
  stopProcess(): void;
  exit(): void;
}

/** Everything the keys do. The views only draw the stores. */
export class Input implements Screen {
  readonly editor = new Store<EditorState, EditorAction>(editorReducer, emptyEditor);
  readonly menu = new Store<MenuState | undefined, MenuAction>(menuReducer, undefined);
  readonly suggest = new Store<SuggestState, SuggestAction>(suggestReducer, noSuggestions);
  readonly submissions: Submissions;
  readonly hasPanel = true;
  readonly #repl: Repl;
  readonly #host: InputHost;
  readonly #history: History;
  #answerMenu: ((value: unknown) => void) | undefined;
  #answerRevision: ((text: string | undefined) => void) | undefined;
  // Place in the history, counted back from its end; 0 is the text being written, kept in `draft`.
  #back = 0;
  #draft = '';
  #prefix = '';
  #leaving = false;
  #refreshing: Promise<void> | undefined;
  // Keys that came while Tab waits for what it is to offer.
  #held: KeyEvent[] | undefined;

  constructor(repl: Repl, history: History, host: InputHost) {
    this.#repl = repl;
    this.#history = history;
    this.#host = host;
    this.submissions = new Submissions(repl, this);
  }

  get columns(): number {
    return this.#host.columns();
  }

  handle(event: KeyEvent): void {
    if (this.#held) this.#held.push(event);
    else if (this.#refreshing && event.type === 'key' && event.name === 'tab') this.#hold(event);
    else this.#handleNow(event);
  }

  #hold(event: KeyEvent): void {
    this.#held = [event];
    void this.#refreshing!.then(() => {
      const held = this.#held ?? [];
      this.#held = undefined;
      this.#refreshing = undefined;
      for (const key of held) this.handle(key);
    });
  }

  #handleNow(event: KeyEvent): void {
    const takesKeys = this.#repl.panel.get();
    if (takesKeys?.onKey) {
      takesKeys.onKey(event);
      return;
    }
    const isInterrupt = event.type === 'key' && keyName(event) === 'ctrl+c';
    if (!isInterrupt) this.#disarm();
    if (this.menu.get()) this.#handleMenu(event);
    else if (this.#prefix !== '') this.#handleChord(event);
    else if (event.type !== 'key' || !this.#handleKey(event)) {
      const action = editorAction(event);
      if (action) this.#edit(action);
    }
  }

  choose<Value>(menu: Menu<Value>): Promise<Value | undefined> {
    return new Promise((resolve) => this.#openMenu(menu, resolve));
  }

  #openMenu<Value>(menu: Menu<Value>, answer: (value: Value | undefined) => void): void {
    this.#answerMenu = answer as (value: unknown) => void;
    this.menu.dispatch({ type: 'open', menu });
    this.#repl.status.dispatch({ type: 'hint', hint: '↑↓ choose · Enter takes · Esc leaves' });
  }

  revise(text: string, hint: string): Promise<string | undefined> {
    this.editor.dispatch({ type: 'reset' });
    this.editor.dispatch({ type: 'replace', text });
    this.#repl.status.dispatch({ type: 'hint', hint });
    return new Promise((resolve) => {
      this.#answerRevision = resolve;
    });
  }

  #endRevision(text: string | undefined): void {
    this.suggest.dispatch({ type: 'close' });
    this.editor.dispatch({ type: 'reset' });
    this.#repl.status.dispatch({ type: 'hint', hint: undefined });
    this.#answerRevision?.(text);
    this.#answerRevision = undefined;
  }

  edit(text: string): void {
    this.editor.dispatch({ type: 'reset' });
    this.editor.dispatch(shouldFold(text) ? { type: 'paste', text } : { type: 'replace', text });
  }

  copy(text: string): boolean {
    this.#host.copy(text);
    return true;
  }

  drawImage(picture: Picture): Promise<boolean> {
    return this.#host.drawImage(picture);
  }

  exit(): void {
    this.#host.exit();
  }

  /** Ends what is under way, so that nothing waits for the person any more. */
  async close(): Promise<void> {
    this.submissions.takeQueued();
    this.#repl.stop();
    if (this.menu.get()) this.#closeMenu(undefined);
    this.#repl.panel.get()?.onClose?.();
    if (this.#answerRevision) this.#endRevision(undefined);
    await this.submissions.idle();
  }

  /** Keys that are more than editing. Gives whether the key was one. */
  #handleKey(key: Key): boolean {
    switch (keyName(key)) {
      case 'enter':
        this.#enter();
        return true;
      case 'tab':
        this.#moveSuggestion(1);
        return true;
      case 'shift+tab':
        this.#moveSuggestion(-1);
        return true;
      case 'up':
      case 'ctrl+p':
        this.#vertical(-1);
        return true;
      case 'down':
      case 'ctrl+n':
        this.#vertical(1);
        return true;
      case 'escape':
        this.#escape();
        return true;
      case 'ctrl+c':
        this.#interrupt();
        return true;
      case 'ctrl+d':
        if (this.editor.get().text !== '') return false;
        this.#host.exit();
        return true;
      case 'ctrl+r':
        this.#searchHistory();
        return true;
      case 'ctrl+x':
        this.#prefix = 'ctrl+x';
        return true;
      case 'ctrl+z':
        this.#host.stopProcess();
        return true;
      default:
        return false;
    }
  }

  #handleChord(event: KeyEvent): void {
    this.#prefix = '';
    const name = event.type === 'key' ? keyName(event) : '';
    if (event.type !== 'key') this.handle(event);
    else if (name === 'ctrl+e') void this.#editOutside();
    else if (name === 'ctrl+u') this.#edit({ type: 'undo' });
  }

  #handleMenu(event: KeyEvent): void {
    const state = this.menu.get()!;
    if (event.type !== 'key') {
      const filter = state.filter + event.text.replaceAll(/\s+/g, ' ');
      this.menu.dispatch({ type: 'filter', filter });
      return;
    }
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
    const name = keyName(event);
    const by = moves[name];
    if (by !== undefined) this.menu.dispatch({ type: 'move', by });
    else if (name === 'backspace') this.menu.dispatch({ type: 'filter', filter: state.filter.slice(0, -1) });
    else if (name === 'enter') {
      const item = matches(state)[state.selected];
      if (item) this.#closeMenu(item.value);
    } else if (name === 'escape' || name === 'ctrl+c' || name === 'ctrl+d') this.#closeMenu(undefined);
  }

  #closeMenu(value: unknown): void {
    this.menu.dispatch({ type: 'close' });
    this.#repl.status.dispatch({ type: 'hint', hint: undefined });
    this.#answerMenu?.(value);
    this.#answerMenu = undefined;
  }

  #edit(action: EditorAction): void {
    this.#back = 0;
    this.editor.dispatch(action);
    const refreshing = this.#refreshSuggestions().finally(() => {
      if (this.#refreshing === refreshing) this.#refreshing = undefined;
    });
    this.#refreshing = refreshing;
  }

  #enter(): void {
    const { text, cursor, folds } = this.editor.get();
    const chosen = this.#chosenSuggestion();
    if (chosen) {
      this.#take(chosen);
      return;
    }
    if (this.#answerRevision) {
      this.#endRevision(unfold(text, folds));
      return;
    }
    const next = submission(text, cursor);
    if (next.type === 'continue') {
      const from = cursor - next.remove;
      this.editor.dispatch({ type: 'replace', text: '\n', from, to: cursor });
      return;
    }
    this.suggest.dispatch({ type: 'close' });
    this.editor.dispatch({ type: 'reset' });
    this.#back = 0;
    const whole = unfold(next.text, folds);
    void this.#history.add(unfold(text, folds));
    this.submissions.submit(whole);
  }

  #escape(): void {
    if (this.suggest.get().list.length > 0) this.suggest.dispatch({ type: 'close' });
    else if (this.#answerRevision) this.#endRevision(undefined);
    else if (this.#repl.isGenerating) this.#stop();
  }

  #interrupt(): void {
    if (this.#leaving) {
      this.#host.exit();
      return;
    }
    if (this.#repl.isGenerating) this.#stop();
    else if (this.#answerRevision) {
      this.#endRevision(undefined);
      return;
    } else if (this.editor.get().text !== '') {
      this.suggest.dispatch({ type: 'close' });
      this.editor.dispatch({ type: 'reset' });
      this.#back = 0;
      return;
    }
    this.#leaving = true;
    this.#repl.status.dispatch({ type: 'hint', hint: 'Ctrl+C again leaves' });
  }

  /** Stops the answer. What waited for it comes back into an empty editor. */
  #stop(): void {
    const queued = this.submissions.takeQueued();
    if (queued.length > 0 && this.editor.get().text === '') this.edit(queued.join('\n'));
    this.#repl.stop();
  }

  #disarm(): void {
    if (!this.#leaving) return;
    this.#leaving = false;
    this.#repl.status.dispatch({ type: 'hint', hint: undefined });
  }

  #vertical(rows: 1 | -1): void {
    if (this.suggest.get().list.length > 0 && this.#back === 0) {
      this.#moveSuggestion(rows);
      return;
    }
    const before = this.editor.get();
    const columns = this.#host.columns() - markColumns;
    if (this.#back === 0 || before.text.includes('\n')) {
      this.editor.dispatch({ type: 'vertical', rows, columns });
      if (this.editor.get() !== before) return;
    }
    this.#recall(this.#back - rows);
  }

  /** Puts an earlier message into the editor. */
  #recall(back: number): void {
    const { entries } = this.#history;
    if (back < 0 || back > entries.length || back === this.#back) return;
    if (this.#back === 0) {
      const { text, folds } = this.editor.get();
      this.#draft = unfold(text, folds);
    }
    this.#back = back;
    this.edit(back === 0 ? this.#draft : entries.at(-back)!);
    this.suggest.dispatch({ type: 'close' });
  }

  #searchHistory(): void {
    const entries = [...new Set([...this.#history.entries].reverse())];
    if (entries.length === 0) return;
    const items = entries.map((text) => ({ label: text.replaceAll(/\s+/g, ' '), value: text }));
    // Not by a promise: the keys that follow belong to the text that was chosen.
    this.#openMenu<string>({ title: 'Earlier', items }, (text) => {
      if (text !== undefined) this.edit(text);
    });
  }

  async #editOutside(): Promise<void> {
    const { text, folds } = this.editor.get();
    try {
      const changed = await this.#host.editOutside(unfold(text, folds));
      this.edit(changed.replace(/\n$/, ''));
    } catch (error) {
      this.#repl.fail(error);
    }
  }

  async #refreshSuggestions(): Promise<void> {
    const { text, cursor } = this.editor.get();
    if (!text.startsWith('/') || cursor !== text.length) {
      this.suggest.dispatch({ type: 'close' });
      return;
    }
    const { from, list } = await suggestions(text, this.#repl).catch(() => ({ from: 0, list: [] }));
    if (this.editor.get().text !== text) return;
    // A word that is whole already needs no menu.
    const isWhole = list.length === 1 && list[0]!.value.trimEnd() === text.slice(from);
    this.suggest.dispatch({ type: 'offer', from, list: isWhole ? [] : list });
  }

  #chosenSuggestion(): Suggestion | undefined {
    const { list, selected } = this.suggest.get();
    return list[selected];
  }

  #moveSuggestion(by: 1 | -1): void {
    const { list, selected } = this.suggest.get();
    const only = list.length === 1 ? list[0] : undefined;
    if (only) this.#take(only);
    else if (selected >= 0 || by < 0 || !this.#completeCommon()) this.suggest.dispatch({ type: 'move', by });
  }

  /** Types what all suggestions have in common. Gives whether that was anything. */
  #completeCommon(): boolean {
    const { list, from } = this.suggest.get();
    const { text } = this.editor.get();
    if (list.length === 0) return false;
    let common = list[0]!.value;
    for (const { value } of list) while (!value.startsWith(common)) common = common.slice(0, -1);
    if (common.length <= text.length - from) return false;
    this.#edit({ type: 'replace', text: common, from, to: text.length });
    return true;
  }

  #take(suggestion: Suggestion): void {
    const { text } = this.editor.get();
    this.#edit({ type: 'replace', text: suggestion.value, from: this.suggest.get().from, to: text.length });
  }
}
