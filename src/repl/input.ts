import type { Picture } from '../pictures/index.ts';
import type { Menu, Screen } from './commands/command.ts';
import { suggestions } from './commands/index.ts';
import { shouldFold, unfold } from './editor/folds.ts';
import { editorAction, keyName } from './editor/keymap.ts';
import { Recall } from './editor/recall.ts';
import { type EditorAction, type EditorState, editorReducer, emptyEditor } from './editor/reducer.ts';
import { submission } from './editor/submit.ts';
import { markColumns } from './editor/view.tsx';
import type { History } from './history.ts';
import { MenuKeys } from './menu/menu-keys.ts';
import type { Repl } from './repl.ts';
import { Store } from './store.ts';
import { Submissions } from './submissions.ts';
import { Completion, type SuggestOffer } from './suggest/completion.ts';
import { mentionAt, suggestFiles } from './suggest/files.ts';
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
  readonly submissions: Submissions;
  readonly hasPanel = true;
  readonly #repl: Repl;
  readonly #host: InputHost;
  readonly #history: History;
  readonly #menu: MenuKeys;
  readonly #completion: Completion;
  readonly #recall: Recall;
  #answerRevision: ((text: string | undefined) => void) | undefined;
  #prefix = '';
  #leaving = false;
  // Keys that came while Tab waits for what it is to offer.
  #held: KeyEvent[] | undefined;

  constructor(repl: Repl, history: History, host: InputHost) {
    this.#repl = repl;
    this.#history = history;
    this.#host = host;
    this.#menu = new MenuKeys((hint) => this.#hint(hint));
    this.#completion = new Completion(
      (state) => this.#offer(state),
      this.editor,
      (action) => this.#edit(action),
    );
    this.#recall = new Recall(history);
    this.submissions = new Submissions(repl, this);
  }

  /** For the views. */
  get menu(): MenuKeys['store'] {
    return this.#menu.store;
  }

  /** For the views. */
  get suggest(): Completion['store'] {
    return this.#completion.store;
  }

  get columns(): number {
    return this.#host.columns();
  }

  get isTyping(): boolean {
    return this.editor.get().text !== '';
  }

  handle(event: KeyEvent): void {
    if (this.#held) this.#held.push(event);
    else if (this.#completion.refreshing && event.type === 'key' && event.name === 'tab') this.#hold(event);
    else this.#handleNow(event);
  }

  #hold(event: KeyEvent): void {
    this.#held = [event];
    void this.#completion.refreshing!.then(() => {
      const held = this.#held ?? [];
      this.#held = undefined;
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
    if (this.#menu.isOpen) this.#menu.handle(event);
    else if (this.#prefix !== '') this.#handleChord(event);
    else if (event.type !== 'key' || !this.#handleKey(event)) {
      const action = editorAction(event);
      if (action) this.#edit(action);
    }
  }

  choose<Value>(menu: Menu<Value>): Promise<Value | undefined> {
    return new Promise((resolve) => this.#menu.open(menu, resolve));
  }

  revise(text: string, hint: string): Promise<string | undefined> {
    this.editor.dispatch({ type: 'reset' });
    this.editor.dispatch({ type: 'replace', text });
    this.#hint(hint);
    return new Promise((resolve) => {
      this.#answerRevision = resolve;
    });
  }

  #endRevision(text: string | undefined): void {
    this.#completion.close();
    this.editor.dispatch({ type: 'reset' });
    this.#hint(undefined);
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
    if (this.#menu.isOpen) this.#menu.close();
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
        this.#completion.move(1);
        return true;
      case 'shift+tab':
        this.#completion.move(-1);
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

  #edit(action: EditorAction): void {
    this.#recall.reset();
    this.editor.dispatch(action);
    this.#completion.refresh();
  }

  #enter(): void {
    const { text, cursor, folds } = this.editor.get();
    const { chosen } = this.#completion;
    if (chosen) {
      this.#completion.take(chosen);
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
    this.#completion.close();
    this.editor.dispatch({ type: 'reset' });
    this.#recall.reset();
    const whole = unfold(next.text, folds);
    void this.#history.add(unfold(text, folds));
    this.submissions.submit(whole);
  }

  #escape(): void {
    if (this.#completion.isOpen) this.#completion.close();
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
      this.#completion.close();
      this.editor.dispatch({ type: 'reset' });
      this.#recall.reset();
      return;
    }
    this.#leaving = true;
    this.#hint('Ctrl+C again leaves');
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
    this.#hint(undefined);
  }

  #vertical(rows: 1 | -1): void {
    if (this.#completion.isOpen && !this.#recall.isActive) {
      this.#completion.move(rows);
      return;
    }
    const before = this.editor.get();
    const columns = this.#host.columns() - markColumns;
    if (!this.#recall.isActive || before.text.includes('\n')) {
      this.editor.dispatch({ type: 'vertical', rows, columns });
      if (this.editor.get() !== before) return;
    }
    const { text, folds } = before;
    const earlier = this.#recall.step(rows === -1 ? 1 : -1, () => unfold(text, folds));
    if (earlier === undefined) return;
    this.edit(earlier);
    this.#completion.close();
  }

  #searchHistory(): void {
    const entries = [...new Set([...this.#history.entries].reverse())];
    if (entries.length === 0) return;
    const items = entries.map((text) => ({ label: text.replaceAll(/\s+/g, ' '), value: text }));
    // Not by a promise: the keys that follow belong to the text that was chosen.
    this.#menu.open<string>({ title: 'Earlier', items }, (text) => {
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

  /** Files after an `@`, else what goes on from a command. */
  async #offer({ text, cursor }: EditorState): Promise<SuggestOffer | undefined> {
    const mention = mentionAt(text.slice(0, cursor));
    if (mention) return { from: mention.from, list: await suggestFiles(mention.typed, process.cwd()) };
    return text.startsWith('/') && cursor === text.length ? suggestions(text, this.#repl) : undefined;
  }

  #hint(hint: string | undefined): void {
    this.#repl.status.dispatch({ type: 'hint', hint });
  }
}
