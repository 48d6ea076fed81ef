import { useSyncExternalStore } from 'react';
import type { Store } from '../store.ts';

/** The store's state; the component is drawn again when it changes. */
export function useStore<State, Action>(store: Store<State, Action>): State {
  return useSyncExternalStore(store.subscribe, store.get, store.get);
}
