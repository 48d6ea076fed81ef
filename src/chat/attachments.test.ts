import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  attachFiles,
  foldAttachments,
  mostAttachmentBytes,
  readAttachment,
  withAttachments,
} from './attachments.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'babble-attach-'));
  mkdirSync(path.join(folder, 'notes'));
  writeFileSync(path.join(folder, 'a.txt'), 'one\r\ntwo\n');
  writeFileSync(path.join(folder, 'notes', 'with space.md'), '```js\nx\n```\n');
  writeFileSync(path.join(folder, 'latin1.txt'), Buffer.from([0x61, 0xe9, 0x62]));
  writeFileSync(path.join(folder, 'binary.txt'), 'a\0b');
  writeFileSync(path.join(folder, 'hostile.txt'), '\ufeffa\x1b[2Jb\u202ec');
  writeFileSync(path.join(folder, 'large.txt'), 'x'.repeat(mostAttachmentBytes + 1));
});

afterAll(() => rmSync(folder, { recursive: true }));

const attach = (text: string, isPlain = false) => attachFiles(text, { folder, isPlain });

test('a file goes to the end of the message, once, and its name stays in the sentence', async () => {
  const { text, notices } = await attach('Compare @a.txt, and "@a.txt" with (see @a.txt).');
  expect(text).toBe(
    'Compare a.txt, and "@a.txt" with (see a.txt).\n\nAttached file a.txt (2 lines, 9 bytes):\n```\none\ntwo\n```',
  );
  expect(notices).toEqual([]);
  expect(foldAttachments(text)).toBe(
    'Compare a.txt, and "@a.txt" with (see a.txt).\n\n[a.txt: 2 lines, 9 bytes]',
  );
});

test('a path with spaces stands in quotes; a fence in the file does not end it', async () => {
  const { text } = await attach('@"notes/with space.md" please');
  expect(text).toMatch(/^notes\/with space\.md please\n\n.*:\n````\n```js\nx\n```\n````$/);
  expect(foldAttachments(text)).toBe(
    'notes/with space.md please\n\n[notes/with space.md: 3 lines, 12 bytes]',
  );
});

test('an engine that goes on from a text gets the words in place', async () => {
  expect((await attach('Begin: @a.txt', true)).text).toBe('Begin: one\ntwo');
});

test('what is no file stays as it is, and is told; \\@ is an @', async () => {
  const { text, notices } = await attach('@nobody a@b.c \\@a.txt @notes @');
  expect(text).toBe('@nobody a@b.c @a.txt @notes @');
  expect(notices).toEqual([
    'There is no file nobody: it stays as text. (\\@ says so at once.)',
    'notes is a folder: it stays as text. Name a file in it.',
  ]);
});

test.each([
  ['@latin1.txt', 'latin1.txt is no text in UTF-8.'],
  ['@binary.txt', 'binary.txt is a binary file.'],
  ['@large.txt', 'large.txt has 262,145 bytes; a file may have 262,144.'],
  ['@/dev/zero', '/dev/zero is no file.'],
])('%s is refused', async (text, message) => {
  await expect(attach(text)).rejects.toMatchObject({ code: 'FILE_INVALID', message });
});

test.runIf(process.platform === 'linux')('a pipe is not waited for', async () => {
  execFileSync('sh', ['-c', 'mkfifo "$1"', 'sh', path.join(folder, 'pipe')]);
  await expect(attach('@pipe')).rejects.toMatchObject({ message: 'pipe is no file.' });
});

test('a file is clean before it is anywhere', async () => {
  expect((await readAttachment(path.join(folder, 'hostile.txt'), 'hos\x1b[31mtile')).text).toBe('abc');
  await expect(readAttachment(path.join(folder, 'none'), 'none')).rejects.toMatchObject({
    code: 'FILE_NOT_FOUND',
  });
});

test('whatever a file holds, it is one fold', () => {
  const piece = fc.constantFrom('`', '```', '\n', 'x', 'Attached file a (1 line, 1 byte):\n', '````\n');
  fc.assert(
    fc.property(
      fc.array(piece).map((parts) => parts.join('')),
      (text) => {
        const message = withAttachments('see', [{ name: 'f', text, bytes: 1 }]);
        expect(foldAttachments(message)).toMatch(/^see\n\n\[f: [\d,]+ lines?, 1 byte\]$/);
      },
    ),
  );
});
