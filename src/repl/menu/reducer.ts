import type { Menu } from '../commands/command.ts';

/** A menu on the screen: typing narrows it, the arrows choose. */
export interface MenuState {
  readonly menu: Menu<unknown>;
  readonly filter: string;
  /** Index into `matches`. */
  readonly selected: number;
}

export type MenuAction =
  | { readonly type: 'open'; readonly menu: Menu<unknown> }
  | { readonly type: 'close' }
  | { readonly type: 'move'; readonly by: number }
  | { readonly type: 'filter'; readonly filter: string };

export function menuReducer(state: MenuState | undefined, action: MenuAction): MenuState | undefined {
  if (action.type === 'open') return { menu: action.menu, filter: '', selected: action.menu.selected ?? 0 };
  if (!state || action.type === 'close') return undefined;
  switch (action.type) {
    case 'move': {
      const last = matches(state).length - 1;
      return { ...state, selected: Math.max(0, Math.min(last, state.selected + action.by)) };
    }
    case 'filter':
      return { ...state, filter: action.filter, selected: 0 };
    default:
      return action satisfies never;
  }
}

/** The items that hold every word of the filter. */
export function matches({ menu, filter }: MenuState): Menu<unknown>['items'] {
  const words = filter.toLowerCase().split(/\s+/);
  return menu.items.filter(({ label, detail = '' }) => {
    const text = `${label} ${detail}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** The part of a list that is shown, so that the selected item is in it. */
export function visibleRange(count: number, selected: number, most: number): { from: number; to: number } {
  const from = Math.max(0, Math.min(selected - Math.floor(most / 2), count - most));
  return { from, to: Math.min(count, from + most) };
}
