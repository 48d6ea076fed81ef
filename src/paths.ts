import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import envPaths from 'env-paths';

const platform = envPaths('babble', { suffix: '' });

/**
 * Folders of this person's babble, by the platform's custom (XDG on Linux). `BABBLE_HOME` puts all of
 * them under one folder, for tests and portable installs. Nothing is created here.
 */
export function userPaths(env: NodeJS.ProcessEnv = process.env): {
  data: string;
  config: string;
  cache: string;
  models: string;
  runs: string;
} {
  const home = env['BABBLE_HOME'];
  const data = home ? path.join(home, 'data') : platform.data;
  return {
    data,
    config: home ? path.join(home, 'config') : platform.config,
    cache: home ? path.join(home, 'cache') : platform.cache,
    models: path.join(data, 'models'),
    runs: path.join(data, 'runs'),
  };
}

/**
 * Where an engine keeps what it computed of conversations, to go on sooner; by the conversation's id. Whoever
 * deletes a conversation leaves a mark here, since an engine may still hold it, and deletes its files.
 */
export function savedStates(folder = path.join(userPaths().cache, 'kv')) {
  const baseOf = (conversationId: string) => path.join(folder, path.basename(conversationId));
  return {
    folder,
    filesOf(conversationId: string) {
      const base = baseOf(conversationId);
      return { state: `${base}.state`, description: `${base}.json` };
    },
    /** An empty file: nothing may be kept of the conversation any more. */
    deletionMark: (conversationId: string) => `${baseOf(conversationId)}.deleted`,
  };
}

/** The package's root: where package.json, `models/` and `prompts/` are; the same from `src/` and `dist/`. */
export const packageRoot = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** The folder of models that ship with babble. */
export const shippedModels = path.join(packageRoot, 'models');

/** The project's copies of names.txt and tiny Shakespeare beside a checkout, when they are there. */
export function sharedDataFolder(): string | undefined {
  const folder = path.join(packageRoot, '..', 'shared', 'data');
  return existsSync(folder) ? folder : undefined;
}
