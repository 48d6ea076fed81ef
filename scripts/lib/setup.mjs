import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { build, isBuilt } from './build.mjs';
import { writeWhole } from './files.mjs';
import { withLock } from './lock.mjs';
import { installPackages, linkCommand, lockfileHash, prepareNode } from './packages.mjs';
import { bundledNode, cacheFolder, projectRoot } from './paths.mjs';
import { describe } from './setup-error.mjs';
import { installTensorFlow } from './tensorflow/install.mjs';

const stampOf = (root) => path.join(root, 'node_modules', '.babble', 'setup.json');

/** True when nothing is to be set up. A few file look-ups: it stands between `npm start` and the prompt. */
export function isReady(root = projectRoot) {
  const stamp = stampOf(root);
  if (!existsSync(stamp) || !existsSync(bundledNode(root))) return false;
  const { lockfile, tensorflow } = JSON.parse(readFileSync(stamp, 'utf8'));
  if (lockfile !== lockfileHash(root)) return false;
  const marker = path.join(root, 'node_modules', '@tensorflow', 'tfjs-node', 'babble-native.json');
  return (tensorflow === 'wasm' || existsSync(marker)) && isBuilt(root);
}

/**
 * Everything between a fresh clone and a running babble: packages, Node 24, native TensorFlow, the build.
 * Each step is skipped when it is done, so a cut set-up goes on where it was.
 *
 * @param {{root?: string, force?: boolean, withBuild?: boolean}} [options]
 *   `force`: fetch and build TensorFlow again even where it stands
 * @throws {import('./setup-error.mjs').SetupError}
 */
export async function setup({ root = projectRoot, force = false, withBuild = true } = {}) {
  // beside node_modules, which `npm ci` deletes
  const lock = path.join(root, '.cache', 'setup.lock');
  const onWait = (pid) => process.stderr.write(`Another set-up (process ${pid}) is running here: waiting.\n`);
  await withLock(
    lock,
    async () => {
      await installPackages(root);
      const node = await prepareNode(root);
      await linkCommand(root);
      const source = await prepareTensorFlow(root, node, force);
      if (withBuild) await build(root);
      await writeWhole(stampOf(root), JSON.stringify({ lockfile: lockfileHash(root), tensorflow: source }));
    },
    { onWait },
  );
}

async function prepareTensorFlow(root, node, force) {
  const { source, version, failures } = await installTensorFlow({ root, node, force, cache: cacheFolder() });
  for (const failure of failures) process.stderr.write(`${describe(failure)}\n`);
  if (source === 'wasm') {
    process.stderr.write(
      'babble goes on with the WebAssembly build of TensorFlow.js: the shipped models answer as before, ' +
        'training is many times slower. `npm run setup` tries again.\n',
    );
  } else if (source === 'own-installer') {
    process.stderr.write(`babble uses the older TensorFlow ${version} of tfjs-node's own installer.\n`);
  }
  return source;
}
