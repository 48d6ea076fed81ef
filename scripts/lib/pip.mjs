import fs from 'node:fs/promises';
import path from 'node:path';
import { exists, folderSize, removeLeftovers, sha256 } from './files.mjs';
import { createProgress } from './progress.mjs';
import { run, tail } from './run.mjs';

const candidates = [
  ['python3', '-m', 'pip'],
  ['python', '-m', 'pip'],
  ['py', '-m', 'pip'],
  ['pip3'],
  ['pip'],
];

/** The first pip that answers, as a command with its first arguments; undefined when there is none. */
export async function findPip(env = process.env) {
  for (const [command, ...first] of candidates) {
    const { code, output } = await run(command, [...first, '--version'], { env, timeoutMs: 30_000 });
    if (code === 0 && /^pip \d/m.test(output)) return [command, ...first];
  }
  return undefined;
}

/** Why a download failed; `kind` chooses the hint. */
export class DownloadError extends Error {
  /** @param {'hash' | 'disk' | 'pip'} kind */
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

/**
 * Downloads one pinned wheel with pip into `folder` and gives its path. One that is there already and
 * whole is used again. pip itself checks the hash; it is checked once more here, since the file may be
 * from an earlier run.
 *
 * @param {object} wheel
 * @param {string} wheel.requirement for example `tensorflow-cpu==2.21.0`
 * @param {string} wheel.file name of the wheel
 * @param {string} wheel.sha256
 * @param {number} wheel.size bytes, for progress
 * @param {readonly string[]} [wheel.target] pip's options for another platform or Python than its own
 * @param {{pip: readonly string[], folder: string, label: string, env?: NodeJS.ProcessEnv}} options
 * @throws {DownloadError}
 */
export async function downloadWheel(wheel, { pip, folder, label, env = process.env }) {
  const file = path.join(folder, wheel.file);
  if (await exists(file)) {
    if ((await sha256(file)) === wheel.sha256) return file;
    await fs.rm(file, { force: true });
  }
  // pip keeps the growing file in its temporary folder: ours, so that its size can be watched
  await removeLeftovers(folder, 'part-');
  const temporary = path.join(folder, `part-${process.pid}`);
  await fs.mkdir(temporary, { recursive: true });
  const requirements = path.join(temporary, 'requirements.txt');
  await fs.writeFile(requirements, `${wheel.requirement} --hash=sha256:${wheel.sha256}\n`);
  const progress = createProgress(label);
  progress.tick();
  const [command, ...first] = pip;
  const result = await run(
    command,
    [
      ...first,
      ...['download', '--no-deps', '--only-binary=:all:', '--no-cache-dir', '--disable-pip-version-check'],
      ...['--require-hashes', '--requirement', requirements, '--dest', temporary],
      ...(wheel.target ?? []),
    ],
    {
      env: { ...env, TMPDIR: temporary, TEMP: temporary, TMP: temporary },
      onPoll: () => void folderSize(temporary).then((bytes) => progress.update(bytes / wheel.size)),
    },
  );
  try {
    await check(result, path.join(temporary, wheel.file), wheel);
    await fs.rename(path.join(temporary, wheel.file), file);
  } catch (error) {
    progress.fail();
    throw error;
  } finally {
    await fs.rm(temporary, { recursive: true, force: true });
  }
  progress.done(`${Math.round(wheel.size / 1e6)} MB`);
  return file;
}

async function check({ code, signal, output }, file, wheel) {
  if (code !== 0) {
    const said = tail(output);
    if (/do not match the hashes|HashMismatch/i.test(output)) {
      throw new DownloadError('hash', `${wheel.file} is not the pinned file:\n${said}`);
    }
    if (/No space left on device|Errno 28|Errno 122/.test(output)) {
      throw new DownloadError('disk', `the disk is full:\n${said}`);
    }
    throw new DownloadError('pip', `pip ended with ${signal ?? `code ${code}`}:\n${said}`);
  }
  if (!(await exists(file))) throw new DownloadError('pip', `pip did not download ${wheel.file}`);
  const actual = await sha256(file);
  if (actual !== wheel.sha256) {
    throw new DownloadError('hash', `${wheel.file} has sha256 ${actual}, pinned is ${wheel.sha256}`);
  }
}
