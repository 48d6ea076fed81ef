import { createWriteStream } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';

/**
 * Reads the list of a zip file (PKWARE's APPNOTE 4.3: end record → central directory). Wheels are zip files
 * below 4 GiB without encryption; anything else is refused.
 *
 * @param {string} file
 * @returns {Promise<{name: string, method: number, compressedSize: number, size: number, offset: number}[]>}
 */
export async function listZip(file) {
  const handle = await fs.open(file);
  try {
    const { size: fileSize } = await handle.stat();
    // the end record is 22 bytes plus a comment of at most 65,535
    const end = await readAt(handle, Math.max(0, fileSize - 65_557), fileSize);
    let at = end.length - 22;
    while (at >= 0 && end.readUInt32LE(at) !== 0x06054b50) at -= 1;
    if (at < 0) throw new Error(`${file} is not a zip file: it has no end record`);
    const count = end.readUInt16LE(at + 10);
    const start = end.readUInt32LE(at + 16);
    const directory = await readAt(handle, start, start + end.readUInt32LE(at + 12));
    return readDirectory(directory, count, file);
  } finally {
    await handle.close();
  }
}

function readDirectory(directory, count, file) {
  const entries = [];
  let at = 0;
  for (let i = 0; i < count; i += 1) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== 0x02014b50) {
      throw new Error(`${file} is not a whole zip file: entry ${i} of ${count} is missing`);
    }
    const nameLength = directory.readUInt16LE(at + 28);
    entries.push({
      name: directory.toString('utf8', at + 46, at + 46 + nameLength),
      method: directory.readUInt16LE(at + 10),
      compressedSize: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
    });
    at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}

/**
 * Writes one entry to `target` and flushes it to the disk.
 *
 * @param {string} file the zip file
 * @param {Awaited<ReturnType<typeof listZip>>[number]} entry
 * @param {string} target its folder is made
 * @param {(bytes: number) => void} [onBytes] called with the number of bytes just written
 */
export async function extractEntry(file, entry, target, onBytes) {
  const handle = await fs.open(file);
  try {
    const local = await readAt(handle, entry.offset, entry.offset + 30);
    if (local.readUInt32LE(0) !== 0x04034b50) throw new Error(`${file}: ${entry.name} has no local header`);
    const start = entry.offset + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
    if (entry.method !== 0 && entry.method !== 8) {
      throw new Error(`${file}: ${entry.name} is compressed by method ${entry.method}, not deflate`);
    }
    await fs.mkdir(path.dirname(target), { recursive: true });
    if (entry.size === 0) return void (await fs.writeFile(target, ''));
    let written = 0;
    const count = new Transform({
      transform(data, _encoding, done) {
        written += data.length;
        if (written > entry.size) return done(new Error(`${entry.name} is longer than the zip file says`));
        onBytes?.(data.length);
        done(null, data);
      },
    });
    const source = handle.createReadStream({
      start,
      end: start + entry.compressedSize - 1,
      autoClose: false,
      highWaterMark: 1 << 20,
    });
    const inflate = entry.method === 8 ? [createInflateRaw({ chunkSize: 1 << 20 })] : [];
    await pipeline([source, ...inflate, count, createWriteStream(target, { flush: true })]);
    if (written !== entry.size) {
      throw new Error(`${entry.name} has ${written} bytes, the zip file says ${entry.size}`);
    }
  } finally {
    await handle.close();
  }
}

async function readAt(handle, from, to) {
  const buffer = Buffer.alloc(to - from);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, from);
  if (bytesRead !== buffer.length) throw new Error('The zip file ends too early');
  return buffer;
}
