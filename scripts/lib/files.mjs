import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';

export async function exists(file) {
  return fs.access(file).then(
    () => true,
    () => false,
  );
}

/** SHA-256 of a file, in hex. */
export async function sha256(file) {
  const hash = createHash('sha256');
  for await (const data of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(data);
  return hash.digest('hex');
}

/** Writes a small file so that it is seen whole or not at all, even after a power cut. */
export async function writeWhole(file, text) {
  await fs.mkdir(path.dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.part`;
  await fs.writeFile(draft, text, { flush: true });
  await fs.rename(draft, file);
}

/** A JSON file's value, or undefined when it is missing or broken. */
export async function readJson(file) {
  try {
    return JSON.parse(await fs.readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Bytes in a folder, for progress; files that vanish meanwhile count as 0. */
export async function folderSize(folder) {
  const entries = await fs.readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) =>
        fs.stat(path.join(entry.parentPath ?? entry.path, entry.name)).then(
          (s) => s.size,
          () => 0,
        ),
      ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Free bytes for this user on the disk that holds `folder` (or its nearest parent that exists). */
export async function freeBytes(folder) {
  let at = path.resolve(folder);
  while (!(await exists(at))) at = path.dirname(at);
  const { bavail, bsize } = await fs.statfs(at);
  return bavail * bsize;
}

/** The same file under a second name; a copy where the disk is another one. */
export async function linkOrCopy(from, to) {
  await fs.mkdir(path.dirname(to), { recursive: true });
  try {
    await fs.link(from, to);
  } catch {
    await fs.copyFile(from, to, fs.constants.COPYFILE_FICLONE);
  }
}

/** Removes what killed runs left: entries of `folder` that begin with `prefix`. Call it under the lock. */
export async function removeLeftovers(folder, prefix) {
  const names = await fs.readdir(folder).catch(() => []);
  for (const name of names.filter((candidate) => candidate.startsWith(prefix))) {
    await fs.rm(path.join(folder, name), { recursive: true, force: true });
  }
}
