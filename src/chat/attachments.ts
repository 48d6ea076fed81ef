/**
 * Text files that a message brings with it: `@path` in its text. Each stands at the end of the message between
 * fences longer than any in the file, so that nothing in a file can end it early. It is part of the message's
 * text from then on: stored, shown again, and given to every engine that the conversation moves to.
 */
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { AppError } from '../errors.ts';
import { sanitise, sanitiseLine } from './sanitise.ts';

/** Largest file, in bytes: more than the context of most models holds. */
export const mostAttachmentBytes = 256 * 1024;
/** Files to one message. */
const mostAttachments = 16;

export interface Attachment {
  /** As the person named it, clean. */
  readonly name: string;
  readonly text: string;
  readonly bytes: number;
}

// At the start of a word, so that an address like a@b.c is none. Quotes hold a path with spaces.
const mention = /(^|\s)(\\?)@(?:"([^"\n]+)"|(\S+))/g;
const trailing = /[.,;:!?)\]}'"]+$/;
const block = /^Attached file (.+) \((\d[\d,]* lines?, \d[\d,]* bytes?)\):\n(`{3,})\n[\s\S]*?\n\3$/gm;

/** Whether a text may name a file, or escapes one. */
export function mayAttach(text: string): boolean {
  return text.search(mention) >= 0;
}

export interface AttachResult {
  readonly text: string;
  /** What stays text although it looks like a file, for a person. */
  readonly notices: readonly string[];
}

/**
 * Reads the files that a text names. What is not there stays text, with a notice; `\@` is an `@` as it is.
 * @param isPlain for an engine that goes on from a text: each file's words stand where it was named.
 * @throws AppError FILE_INVALID for a file that cannot be attached.
 */
export async function attachFiles(
  text: string,
  { folder = process.cwd(), isPlain = false }: { readonly folder?: string; readonly isPlain?: boolean } = {},
): Promise<AttachResult> {
  const notices: string[] = [];
  const attachments = new Map<string, Attachment>();
  let out = '';
  let from = 0;
  for (const match of text.matchAll(mention)) {
    const [whole, before = '', backslash, quoted, bare = ''] = match;
    out += text.slice(from, match.index) + before;
    from = match.index + whole.length;
    if (backslash) {
      out += whole.slice(before.length + 1);
      continue;
    }
    const found = await findFile(quoted ?? bare, quoted !== undefined, folder);
    if (!found) {
      notices.push(
        `There is no file ${sanitiseLine(quoted ?? bare)}: it stays as text. (\\@ says so at once.)`,
      );
      out += whole.slice(before.length);
      continue;
    }
    const rest = (quoted ?? bare).slice(found.typed.length);
    if (found.isFolder) {
      notices.push(`${sanitiseLine(found.typed)} is a folder: it stays as text. Name a file in it.`);
      out += whole.slice(before.length);
      continue;
    }
    const attachment = attachments.get(found.file) ?? (await readAttachment(found.file, found.typed));
    attachments.set(found.file, attachment);
    if (attachments.size > mostAttachments)
      throw invalid(
        `A message takes at most ${mostAttachments} files.`,
        'Send the others with another message.',
      );
    out += (isPlain ? attachment.text.replace(/\n$/, '') : attachment.name) + rest;
  }
  out += text.slice(from);
  return { text: isPlain ? out : withAttachments(out, [...attachments.values()]), notices };
}

/**
 * Reads a text file.
 * @param name what it is called in the message.
 * @throws AppError FILE_NOT_FOUND; FILE_INVALID when it is no UTF-8 text, or too long.
 */
export async function readAttachment(file: string, name: string): Promise<Attachment> {
  const shown = sanitiseLine(name);
  const bytes = await readBytes(file, shown);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw invalid(
      `${shown} is no text in UTF-8.`,
      'Only text files can be attached: convert it first.',
      cause,
    );
  }
  if (text.includes('\0')) throw invalid(`${shown} is a binary file.`, 'Only text files can be attached.');
  return { name: shown, text: sanitise(text.replaceAll('\r\n', '\n')), bytes: bytes.length };
}

/** The message with its files at the end. */
export function withAttachments(text: string, attachments: readonly Attachment[]): string {
  return [text, ...attachments.map(toBlock)].join('\n\n');
}

/** The message as it is shown: each file as one line. */
export function foldAttachments(text: string): string {
  return text.replace(block, (_, name: string, size: string) => `[${name}: ${size}]`);
}

function toBlock({ name, text, bytes }: Attachment): string {
  const body = text.replace(/\n$/, '');
  const lines = body.split('\n').length;
  const longest = Math.max(0, ...(body.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(Math.max(3, longest + 1));
  return `Attached file ${name} (${count(lines, 'line')}, ${count(bytes, 'byte')}):\n${fence}\n${body}\n${fence}`;
}

interface Found {
  readonly file: string;
  /** The part of what was typed that names it. */
  readonly typed: string;
  readonly isFolder: boolean;
}

/** A bare path may be followed by the sentence's own punctuation. */
async function findFile(typed: string, isQuoted: boolean, folder: string): Promise<Found | undefined> {
  const candidates = [typed];
  if (!isQuoted && trailing.test(typed)) candidates.push(typed.replace(trailing, ''));
  for (const candidate of candidates.filter(Boolean)) {
    const file = resolvePath(candidate, folder);
    const kind = await kindOf(file);
    if (kind) return { file, typed: candidate, isFolder: kind === 'folder' };
  }
  return undefined;
}

/** A path as a person types it: `~` is their home. */
export function resolvePath(typed: string, folder: string): string {
  return path.resolve(folder, typed.replace(/^~(?=$|\/)/, homedir()));
}

async function kindOf(file: string): Promise<'file' | 'folder' | undefined> {
  try {
    return (await stat(file)).isDirectory() ? 'folder' : 'file';
  } catch {
    return undefined;
  }
}

async function readBytes(file: string, shown: string): Promise<Buffer> {
  try {
    // A pipe or a terminal would be waited for: O_NONBLOCK and then a look at what it is.
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await handle.stat();
    if (!stats.isFile()) throw invalid(`${shown} is no file.`, 'Only text files can be attached.');
    if (stats.size > mostAttachmentBytes) throw tooLong(shown, stats.size);
    const bytes = Buffer.alloc(mostAttachmentBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      ({ bytesRead: read } = await handle.read(bytes, length, bytes.length - length));
    if (length > mostAttachmentBytes) throw tooLong(shown, length);
    return bytes.subarray(0, length);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new AppError('FILE_NOT_FOUND', `There is no file ${shown}.`, { hint: 'Check its path.', cause });
    throw invalid(`${shown} cannot be read: ${message}.`, 'Check its permissions.', cause);
  }
}

function tooLong(shown: string, bytes: number): AppError {
  return invalid(
    `${shown} has ${bytes.toLocaleString('en')} bytes; a file may have ${mostAttachmentBytes.toLocaleString('en')}.`,
    'Attach the part of it that matters.',
  );
}

function invalid(message: string, hint: string, cause?: unknown): AppError {
  return new AppError('FILE_INVALID', message, { hint, ...(cause === undefined ? {} : { cause }) });
}

function count(number: number, what: string): string {
  return `${number.toLocaleString('en')} ${what}${number === 1 ? '' : 's'}`;
}
