import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json. */
export const projectRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The user's cache folder for babble, by the platform's custom; the same as `userPaths().cache` in src/paths.ts. */
export function cacheFolder(env = process.env) {
  if (env.BABBLE_HOME) return path.join(env.BABBLE_HOME, 'cache');
  const home = env.HOME || os.homedir();
  if (process.platform === 'darwin') return path.join(home, 'Library', 'Caches', 'babble');
  if (process.platform === 'win32') {
    return path.join(env.LOCALAPPDATA || path.join(home, 'AppData', 'Local'), 'babble', 'Cache');
  }
  return path.join(env.XDG_CACHE_HOME || path.join(home, '.cache'), 'babble');
}

/** The Node 24 that the npm package `node` brings. */
export function bundledNode(root = projectRoot) {
  const folder = path.join(root, 'node_modules', 'node', 'bin');
  return path.join(folder, process.platform === 'win32' ? 'node.exe' : 'node');
}
