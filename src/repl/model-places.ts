import path from 'node:path';
import type { OpenEngine } from '../chat/engine-link.ts';
import type { Store } from '../chat/store/store.ts';
import { AppError } from '../errors.ts';

/**
 * Opens engines, and remembers where a model lay that was opened by its path: conversations and presets know it
 * by its id alone, which no list has. Of two files with one name the last one opened is meant.
 */
export function rememberPlaces(store: Store, open: OpenEngine): OpenEngine {
  return async (engineId, modelId, settings) => {
    const client = await open(engineId, modelId, settings).catch((error: unknown) => {
      const place = store.getSetting(keyOf(engineId, modelId));
      const isUnknown = error instanceof AppError && error.code === 'UNKNOWN_MODEL';
      if (!isUnknown || typeof place !== 'string') throw error;
      return open(engineId, place, settings);
    });
    const { id, path: place } = client.model;
    // A name that is not the id is a path or an alias, and an alias may mean a path.
    if (modelId !== undefined && modelId !== id && path.isAbsolute(place)) {
      store.setSetting(keyOf(engineId, id), place);
    }
    return client;
  };
}

const keyOf = (engineId: string, modelId: string | undefined) => `repl.place ${engineId} ${modelId}`;
