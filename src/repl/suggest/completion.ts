import type { Suggestion } from '../commands/command.ts';
import type { EditorAction, EditorState } from '../editor/reducer.ts';
import { Store } from '../store.ts';
import { noSuggestions, type SuggestAction, type SuggestState, suggestReducer } from './reducer.ts';

/** What Tab and the arrows do with what may stand before the cursor. */
export class Completion {
  readonly store = new Store<SuggestState, SuggestAction>(suggestReducer, noSuggestions);
  readonly #offer: (state: EditorState) => Promise<SuggestOffer | undefined>;
  readonly #editor: Store<EditorState, EditorAction>;
  readonly #edit: (action: EditorAction) => void;
  #refreshing: Promise<void> | undefined;

  /** @param edit changes the editor, and asks for a `refresh` after it. */
  constructor(
    offer: (state: EditorState) => Promise<SuggestOffer | undefined>,
    editor: Store<EditorState, EditorAction>,
    edit: (action: EditorAction) => void,
  ) {
    this.#offer = offer;
    this.#editor = editor;
    this.#edit = edit;
  }

  get isOpen(): boolean {
    return this.store.get().list.length > 0;
  }

  /** The suggestion the person has moved to. */
  get chosen(): Suggestion | undefined {
    const { list, selected } = this.store.get();
    return list[selected];
  }

  /** Resolves when the suggestions are those for the text; undefined when they are already. */
  get refreshing(): Promise<void> | undefined {
    return this.#refreshing;
  }

  /** The text has changed. */
  refresh(): void {
    const refreshing = this.#ask().finally(() => {
      if (this.#refreshing === refreshing) this.#refreshing = undefined;
    });
    this.#refreshing = refreshing;
  }

  close(): void {
    this.store.dispatch({ type: 'close' });
  }

  move(by: 1 | -1): void {
    const { list, selected } = this.store.get();
    const only = list.length === 1 ? list[0] : undefined;
    if (only) this.take(only);
    else if (selected >= 0 || by < 0 || !this.#completeCommon()) this.store.dispatch({ type: 'move', by });
  }

  take(suggestion: Suggestion): void {
    this.#replace(suggestion.value);
  }

  /** Types what all suggestions have in common. Gives whether that was anything. */
  #completeCommon(): boolean {
    const { list, from } = this.store.get();
    const { cursor } = this.#editor.get();
    if (list.length === 0) return false;
    let common = list[0]!.value;
    for (const { value } of list) while (!value.startsWith(common)) common = common.slice(0, -1);
    if (common.length <= cursor - from) return false;
    this.#replace(common);
    return true;
  }

  #replace(text: string): void {
    const { from } = this.store.get();
    this.#edit({ type: 'replace', text, from, to: this.#editor.get().cursor });
  }

  async #ask(): Promise<void> {
    const state = this.#editor.get();
    const offer = await this.#offer(state).catch(() => undefined);
    const now = this.#editor.get();
    if (now.text !== state.text || now.cursor !== state.cursor) return;
    if (!offer) {
      this.close();
      return;
    }
    const { from, list } = offer;
    // A word that is whole already needs no menu.
    const isWhole = list.length === 1 && list[0]!.value.trimEnd() === state.text.slice(from, state.cursor);
    this.store.dispatch({ type: 'offer', from, list: isWhole ? [] : list });
  }
}

/** What may stand before the cursor, and where in the text it begins. */
export interface SuggestOffer {
  readonly from: number;
  readonly list: readonly Suggestion[];
}
