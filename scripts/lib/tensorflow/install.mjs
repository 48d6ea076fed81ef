import fs from 'node:fs/promises';
import path from 'node:path';
import { withLock } from '../lock.mjs';
import { findPip } from '../pip.mjs';
import { isDiskFull, SetupError } from '../setup-error.mjs';
import { buildAddon, findCompiler } from './addon.mjs';
import { fetchLibrary, placeLibrary } from './library.mjs';
import { runOwnInstaller } from './own-installer.mjs';
import { wheels } from './pins.mjs';
import { installed, openDraft, place } from './place.mjs';

/**
 * Prepares native TensorFlow for tfjs-node: the pinned wheel with an addon built here, else tfjs-node's own
 * installer. Whatever fails, nothing half-installed stays and babble runs on WebAssembly.
 *
 * @param {object} options
 * @param {string} options.root the project's folder
 * @param {string} options.cache the user's cache folder
 * @param {string} options.node the Node that will load the addon
 * @param {object} [options.wheel] the pin to use; default: the one for this machine
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {boolean} [options.force] install again over a whole library, and check every byte of the cache
 * @returns {Promise<{source: 'wheel' | 'own-installer' | 'wasm', version?: string, failures: SetupError[]}>}
 *   `failures`: why a better way was not taken
 */
export async function installTensorFlow({
  root,
  cache,
  node,
  wheel = wheels[`${process.platform}-${process.arch}`],
  env = process.env,
  force = false,
}) {
  const packageRoot = path.join(root, 'node_modules', '@tensorflow', 'tfjs-node');
  const present = await installed(packageRoot);
  if (present && !force) return { ...present, failures: [] };
  const failures = [];
  for (const way of [fromWheel, runOwnInstaller]) {
    try {
      await way({ packageRoot, root, cache, node, wheel, env, force });
      return { ...(await installed(packageRoot)), failures };
    } catch (error) {
      failures.push(explain(error));
    }
  }
  return { source: 'wasm', failures };
}

async function fromWheel({ packageRoot, root, cache, node, wheel, env, force }) {
  if (!wheel) {
    throw new SetupError(
      'TENSORFLOW_SETUP_FAILED',
      `There is no pinned TensorFlow wheel for ${process.platform}-${process.arch}.`,
    );
  }
  requireGlibc(wheel.glibc);
  // before 270 MB are fetched for nothing
  const compiler = await findCompiler(env);
  if (!compiler) {
    throw new SetupError(
      'TENSORFLOW_SETUP_FAILED',
      'There is no C++ compiler (looked for g++, clang++, c++).',
      {
        hint: 'Install one (Debian, Ubuntu: apt install g++; Fedora: dnf install gcc-c++), then run `npm run setup`.',
      },
    );
  }
  const folder = await withLock(
    path.join(cache, 'tensorflow.lock'),
    () => fetchLibrary(wheel, { cache, pip: () => requirePip(env), env, fullCheck: force }),
    {
      onWait: (pid) => process.stderr.write(`Another set-up (process ${pid}) fetches TensorFlow: waiting.\n`),
    },
  );
  const draft = await openDraft(packageRoot);
  try {
    await placeLibrary(folder, wheel, path.join(draft, 'deps'));
    await buildAddon({
      compiler,
      packageRoot,
      deps: path.join(draft, 'deps'),
      lib: path.join(draft, 'lib'),
      headers: path.join(root, 'node_modules', 'node-api-headers', 'include'),
      env,
    });
    await place(packageRoot, draft, { source: 'wheel', wheelSha256: wheel.sha256 }, node);
  } finally {
    await fs.rm(draft, { recursive: true, force: true });
  }
}

async function requirePip(env) {
  const pip = await findPip(env);
  if (pip) return pip;
  throw new SetupError(
    'TENSORFLOW_SETUP_FAILED',
    'There is no pip (looked for python3 -m pip, python -m pip, pip3, pip).',
    {
      hint: 'Install Python 3 with pip (Debian, Ubuntu: apt install python3-pip), then run `npm run setup`.',
    },
  );
}

function requireGlibc(least) {
  const actual = process.report?.getReport().header.glibcVersionRuntime;
  if (actual && actual.localeCompare(least, 'en', { numeric: true }) >= 0) return;
  throw new SetupError(
    'TENSORFLOW_SETUP_FAILED',
    `TensorFlow needs the GNU C library ${least} or newer; this system has ${actual ?? 'another C library'}.`,
  );
}

function explain(error) {
  if (error instanceof SetupError) return error;
  return new SetupError('TENSORFLOW_SETUP_FAILED', `TensorFlow cannot be placed: ${error.message}`, {
    hint: isDiskFull(error)
      ? 'The disk is full: make room, then run `npm run setup` again.'
      : 'Check that the project folder can be written to, then run `npm run setup` again.',
    cause: error,
  });
}
