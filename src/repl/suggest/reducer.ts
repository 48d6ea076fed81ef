import type { Suggestion } from '../commands/command.ts';

/** What Tab offers for the text in the editor. */
export interface SuggestState {
  /** Where in the text the suggestions begin. */
  readonly from: number;
  readonly list: readonly Suggestion[];
  /** -1 until the person moves into the list: Enter then sends what was typed. */
  readonly selected: number;
}

export type SuggestAction =
  | { readonly type: 'offer'; readonly from: number; readonly list: readonly Suggestion[] }
  | { readonly type: 'move'; readonly by: 1 | -1 }
  | { readonly type: 'close' };

export const noSuggestions: SuggestState = { from: 0, list: [], selected: -1 };

export function suggestReducer(state: SuggestState, action: SuggestAction): SuggestState {
  switch (action.type) {
    case 'offer':
      return { from: action.from, list: action.list, selected: -1 };
    case 'move': {
      const { length } = state.list;
      if (length === 0) return state;
      // Before the first and after the last lies "none".
      const slot = (state.selected + 1 + action.by + length + 1) % (length + 1);
      return { ...state, selected: slot - 1 };
    }
    case 'close':
      return state.list.length === 0 ? state : noSuggestions;
    default:
      return action satisfies never;
  }
}
