import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { AppError } from '../../errors.ts';

const chunkBytes = 1 << 20;
const utf8 = new TextDecoder('utf-8');

export function invalidGguf(path: string, what: string): AppError {
  return new AppError('GGUF_INVALID', `${path} is not a usable GGUF file: ${what}`, {
    hint: 'The file is damaged, cut short or not a model. Fetch it again with `babble models pull`.',
  });
}

/**
 * Reads a file from its start in order, a megabyte at a time, and never past `limit`. Every length is
 * compared with what is left before a byte is read or allocated.
 */
export class FileCursor implements Disposable {
  readonly path: string;
  readonly fileBytes: number;
  readonly #fd: number;
  readonly #limit: number;
  #chunk = Buffer.alloc(0);
  #chunkStart = 0;
  #position = 0;

  /** @throws AppError FILE_NOT_FOUND, or GGUF_INVALID when it is not a regular file (a pipe would hang). */
  constructor(path: string, limit: number) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) {
      throw new AppError('FILE_NOT_FOUND', `There is no file ${path}`, { hint: 'See `babble models list`.' });
    }
    if (!found.isFile()) throw invalidGguf(path, 'it is not a regular file');
    this.path = path;
    this.#fd = openSync(path, 'r');
    this.fileBytes = fstatSync(this.#fd).size;
    this.#limit = Math.min(limit, this.fileBytes);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  get position(): number {
    return this.#position;
  }

  /** Bytes that may still be read. */
  get left(): number {
    return this.#limit - this.#position;
  }

  fail(what: string): AppError {
    return invalidGguf(this.path, what);
  }

  /** The next bytes, valid until the next call. */
  take(bytes: number, what: string): Buffer {
    if (bytes > this.left) {
      throw this.fail(`${what} takes ${bytes} bytes at ${this.#position}, where ${this.left} are left`);
    }
    const start = this.#position - this.#chunkStart;
    if (start + bytes > this.#chunk.length) return this.#refill(bytes);
    this.#position += bytes;
    return this.#chunk.subarray(start, start + bytes);
  }

  #refill(bytes: number): Buffer {
    const size = Math.min(Math.max(bytes, chunkBytes), this.left);
    this.#chunk = Buffer.allocUnsafe(size);
    this.#chunkStart = this.#position;
    for (let done = 0; done < size; ) {
      const read = readSync(this.#fd, this.#chunk, done, size - done, this.#chunkStart + done);
      if (read === 0) throw this.fail(`it became shorter than ${this.fileBytes} bytes while it was read`);
      done += read;
    }
    this.#position += bytes;
    return this.#chunk.subarray(0, bytes);
  }

  uint32(what: string): number {
    return this.take(4, what).readUInt32LE();
  }

  uint64(what: string): bigint {
    return this.take(8, what).readBigUInt64LE();
  }

  /** A number of things of at least `minBytes` each: believed only when that many can be in the file. */
  count(what: string, minBytes: number, most: number): number {
    const value = this.uint64(what);
    const room = Math.floor(this.left / minBytes);
    if (value > BigInt(Math.min(room, most))) {
      throw this.fail(`${what} is ${value}, at most ${Math.min(room, most)} can follow`);
    }
    return Number(value);
  }

  /** A string with its length before it. Bytes that are not UTF-8 become U+FFFD. */
  string(what: string, most: number): string {
    return utf8.decode(this.take(this.count(`length of ${what}`, 1, most), what));
  }
}
