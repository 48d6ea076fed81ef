/**
 * The KV cache on disk: what a conversation's engine computed, so that it need not be computed again after
 * the engine was unloaded. Two files a conversation: `<key>.state` as llama.cpp writes it, and `<key>.json`,
 * ours, which says of which model and settings it is, which tokens it holds, and the hash of the other.
 * Native code sees a state only when all of that is right; any other is deleted and computed afresh.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, link, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { savedStates } from '../../paths.ts';

export interface KvStoreOptions {
  /** Default: in the person's cache folder. */
  readonly folder?: string;
  /** What makes states interchangeable: model, adapters, cache type, llama.cpp's version. */
  readonly identity: string;
  /** Bytes that a token takes in the KV cache. */
  readonly bytesPerToken: number;
  /** Bytes of all states together; the oldest go first. Default 2 GB. */
  readonly mostBytes?: number;
  /** Default 64. */
  readonly mostStates?: number;
}

/** What is stored of a context, and put back into it. */
export interface KvContext {
  readonly tokens: readonly number[];
  /** Tokens it can hold. */
  readonly capacity: number;
  /** Writes the state of `tokens`. */
  save(file: string): Promise<void>;
  /** Puts a state in the place of the present one. */
  restore(file: string, tokens: readonly number[]): Promise<void>;
}

interface Description {
  readonly format: typeof format;
  readonly identity: string;
  readonly tokens: readonly number[];
  readonly sha256: string;
}

const format = 'babble KV state 1';

/**
 * Tokens below which computing is as quick as the disk. SmolLM2-135M: 64 tokens are computed in 130 ms on
 * two cores and restored in 5; larger models gain more (docs/llama.md).
 */
const leastTokens = 64;

/** One state takes at most this part of all: larger ones would push out everything else. */
const largestShare = 1 / 4;

/** No engine holds a conversation for longer than this without being used: marks of deletion may go. */
const longestHeldMs = 30 * 24 * 3600 * 1000;

export class KvStore {
  readonly #options: Required<Omit<KvStoreOptions, 'folder'>>;
  readonly #place: ReturnType<typeof savedStates>;

  constructor({ folder, ...options }: KvStoreOptions) {
    this.#options = { mostBytes: 2e9, mostStates: 64, ...options };
    this.#place = savedStates(folder);
  }

  /** Stores the context's state under a key. A disk that is full or cannot be written only costs time later. */
  async save(key: string, context: KvContext): Promise<void> {
    const { identity, bytesPerToken, mostBytes } = this.#options;
    const { folder } = this.#place;
    const tokens = [...context.tokens];
    if (tokens.length < leastTokens || tokens.length * bytesPerToken > mostBytes * largestShare) return;
    const { state, description } = this.#place.filesOf(key);
    const isDeleted = () => exists(this.#place.deletionMark(key));
    if (await isDeleted()) return;
    const part = `${state}.${process.pid}.part`;
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await chmod(folder, 0o700);
      // Made here, so that nobody else can ever read it; native code only fills it.
      await (await open(part, 'w', 0o600)).close();
      await context.save(part);
      const told: Description = { format, identity, tokens, sha256: await sha256(part) };
      await rm(description, { force: true });
      await rename(part, state);
      await writeFile(description, JSON.stringify(told), { mode: 0o600 });
      // Deleted meanwhile: whoever did it made the mark first, and may have been too early for these.
      if (await isDeleted()) await Promise.all([remove(state), remove(description)]);
      await this.#makeRoom(path.basename(state));
    } catch {
      await remove(part);
    }
  }

  /**
   * Puts the state under a key into the context when it holds at least `leastTokens` more of the prompt's
   * beginning than the context does.
   */
  async restore(key: string, prompt: readonly number[], context: KvContext): Promise<void> {
    const { state, description } = this.#place.filesOf(key);
    const told = await readDescription(description);
    if (told === undefined || told.identity !== this.#options.identity) return;
    if (told.tokens.length > context.capacity) return;
    if (sharedLength(told.tokens, prompt) < sharedLength(context.tokens, prompt) + leastTokens) return;
    // Under a name of our own, so that what was checked is what is read.
    const own = `${state}.${process.pid}.part`;
    try {
      await link(state, own);
      if ((await sha256(own)) === told.sha256) return await context.restore(own, told.tokens);
    } catch {
      // Not there, or not to be read: as if it were damaged.
    } finally {
      await remove(own);
    }
    await remove(state);
    await remove(description);
  }

  /** Deletes the oldest states beyond the bounds, and what a process that ended early left behind. */
  async #makeRoom(newest: string): Promise<void> {
    const { mostBytes, mostStates } = this.#options;
    const { folder } = this.#place;
    const all = await readdir(folder);
    for (const mark of all.filter((name) => name.endsWith('.deleted'))) {
      const { mtimeMs } = await stat(path.join(folder, mark));
      if (Date.now() - mtimeMs > longestHeldMs) await remove(path.join(folder, mark));
    }
    const names = all.filter((name) => /[.](state|part)$/.test(name));
    const files = await Promise.all(
      names.map(async (name) => ({ name, ...sizeAndTime(await stat(path.join(folder, name))) })),
    );
    const age = ({ name, time }: (typeof files)[number]) =>
      name === newest ? Number.NEGATIVE_INFINITY : -time;
    let bytes = 0;
    let states = 0;
    for (const { name, size } of files.toSorted((a, b) => age(a) - age(b))) {
      bytes += size;
      states += 1;
      if (bytes <= mostBytes && states <= mostStates) continue;
      await remove(path.join(folder, name));
      await remove(path.join(folder, name.replace(/[.]state$/, '.json')));
    }
  }
}

const exists = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  );

const remove = (file: string) => rm(file, { force: true }).catch(() => {});

const sizeAndTime = ({ size, mtimeMs: time }: { size: number; mtimeMs: number }) => ({ size, time });

async function readDescription(file: string): Promise<Description | undefined> {
  try {
    const told = JSON.parse(await readFile(file, 'utf8')) as Partial<Description>;
    const isTokenId = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
    const isRight = told.format === format && Array.isArray(told.tokens) && told.tokens.every(isTokenId);
    return isRight ? (told as Description) : undefined;
  } catch {
    return undefined;
  }
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

export function sharedLength(a: readonly number[], b: readonly number[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}
