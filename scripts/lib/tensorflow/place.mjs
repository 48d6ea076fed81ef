import fs from 'node:fs/promises';
import path from 'node:path';
import { exists, readJson, removeLeftovers, writeWhole } from '../files.mjs';
import { run, tail } from '../run.mjs';
import { SetupError } from '../setup-error.mjs';

/** Written last, removed first: where it is missing, nothing loads the library. src/tensor/load.ts looks for it. */
const marker = 'babble-native.json';
const draftPrefix = '.babble-draft-';

/** What stands in tfjs-node's folder: the marker's contents, or undefined when nothing whole does. */
export async function installed(packageRoot) {
  const found = await readJson(path.join(packageRoot, marker));
  const addon = path.join(packageRoot, 'lib', 'napi-v8', 'tfjs_binding.node');
  return found && (await exists(addon)) ? found : undefined;
}

/** A fresh folder beside the final place, for `deps/` and `lib/`; drafts of killed runs are removed. */
export async function openDraft(packageRoot) {
  await removeLeftovers(packageRoot, draftPrefix);
  const draft = path.join(packageRoot, `${draftPrefix}${process.pid}`);
  await fs.mkdir(draft);
  return draft;
}

/**
 * Moves `deps/` and `lib/` of a draft into tfjs-node's folder, tries the library in a process of its own and
 * writes the marker. Killed anywhere in between, the marker is missing and the next set-up begins again.
 *
 * @param {string} packageRoot tfjs-node's folder
 * @param {string} draft
 * @param {{source: 'wheel' | 'own-installer', wheelSha256?: string}} what goes into the marker
 * @param {string} node the Node that will load it
 * @throws {SetupError} TENSORFLOW_SETUP_FAILED when it does not compute; then nothing is left in place
 */
export async function place(packageRoot, draft, what, node) {
  await fs.rm(path.join(packageRoot, marker), { force: true });
  for (const part of ['deps', 'lib']) {
    const target = path.join(packageRoot, part);
    if (await exists(target)) await fs.rename(target, path.join(draft, `old-${part}`));
    await fs.rename(path.join(draft, part), target);
  }
  const version = await tryOut(packageRoot, node).catch(async (error) => {
    for (const part of ['deps', 'lib']) await fs.rm(path.join(packageRoot, part), { recursive: true });
    throw error;
  });
  await writeWhole(path.join(packageRoot, marker), JSON.stringify({ ...what, version }));
}

const trial = `
  process.on('uncaughtException', (error) => {
    process.stderr.write(error.message + '\\n');
    process.exit(1);
  });
  const util = require('node:util');
  util.isNullOrUndefined ??= (value) => value == null;
  util.isArray ??= Array.isArray;
  const tf = require(process.argv[1]);
  const product = tf.matMul([[1, 2], [3, 4]], [[5], [6]]).dataSync();
  if (product[0] !== 17 || product[1] !== 39) throw new Error('a matrix product is wrong: ' + product);
  process.stdout.write('version ' + tf.backend().binding.TF_Version + '\\n');
`;

/** Loads the library in a child process, since a wrong one aborts its process, and multiplies two matrices. */
async function tryOut(packageRoot, node) {
  const { code, signal, output } = await run(node, ['-e', trial, packageRoot], {
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', NODE_OPTIONS: '' },
    timeoutMs: 120_000,
  });
  const version = /^version (\S+)$/m.exec(output)?.[1];
  if (code === 0 && version) return version;
  throw new SetupError(
    'TENSORFLOW_SETUP_FAILED',
    `The library was built but does not compute (${signal ?? `code ${code}`}):\n${tail(output)}`,
    {
      hint:
        signal === 'SIGILL'
          ? 'This processor lacks instructions that TensorFlow needs (AVX): babble uses WebAssembly here.'
          : 'Run `npm run setup` again; if it stays, report the lines above.',
    },
  );
}
