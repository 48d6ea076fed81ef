/** Models split over several files, as llama.cpp's gguf-split leaves them. */
import {
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readGguf } from '../../formats/gguf/read.ts';
import type { GgufValue } from '../../formats/gguf/types.ts';
import { writeGguf } from '../../formats/gguf/write.ts';
import { llama } from './engine.ts';
import { openModel } from './files.ts';
import { writeToy } from './fixtures/toy.ts';

const signal = new AbortController().signal;
let folder: string;
const part = (number: number) => path.join(folder, `toy-0000${number}-of-00003.gguf`);

/** Splits a model: the first part has the metadata, each a third of the tensors. */
async function split(whole: string): Promise<void> {
  const file = readGguf(whole);
  const bytes = readFileSync(whole);
  const tensors = file.tensors.map(({ name, shape, type, offset, bytes: size }) => ({
    ...{ name, shape, type },
    data: () => [bytes.subarray(offset, offset + size)],
  }));
  const third = Math.ceil(tensors.length / 3);
  for (const index of [0, 1, 2]) {
    const metadata = new Map<string, GgufValue>([
      ...(index === 0 ? file.metadata : []),
      ['split.no', { type: 'uint16', value: index }],
      ['split.count', { type: 'uint16', value: 3 }],
      ['split.tensors.count', { type: 'int32', value: tensors.length }],
    ]);
    await writeGguf(part(index + 1), metadata, tensors.slice(index * third, (index + 1) * third));
  }
}

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'babble-split-'));
  await writeToy(path.join(folder, 'toy.gguf'));
  await split(path.join(folder, 'toy.gguf'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function complete(file: string): Promise<string> {
  await using engine = await llama.load(
    { id: 'toy', path: file },
    { signal, settings: { threads: 1 }, onProgress() {} },
  );
  let text = '';
  const sampling = { temperature: 0 };
  for await (const piece of engine.generate({ prompt: 'abc', maxTokens: 8, sampling, signal })) {
    if (piece.type === 'text-delta') text += piece.text;
  }
  return text;
}

test('a split model is one model, and says the same', async () => {
  const whole = openModel(path.join(folder, 'toy.gguf'));
  const { model, parts } = openModel(part(1));
  expect(parts).toHaveLength(3);
  expect(model.parameterCount).toBe(whole.model.parameterCount);
  expect(model.weightBytes).toBe(whole.model.weightBytes);
  expect(await complete(part(1))).toBe(await complete(path.join(folder, 'toy.gguf')));
});

test.each<[string, string, RegExp, () => void]>([
  ['a part is missing', 'FILE_NOT_FOUND', /Part 2 of 3 .* is missing/, () => rmSync(part(2))],
  [
    'a part is cut short',
    'GGUF_INVALID',
    /ends at/,
    () => truncateSync(part(3), statSync(part(3)).size - 64),
  ],
  [
    'two parts are the same',
    'GGUF_INVALID',
    /part 2 of 3, expected 3 of 3/,
    () => writeFileSync(part(3), readFileSync(part(2))),
  ],
  [
    'the first has another name',
    'GGUF_INVALID',
    /does not end in -00001-of-00003.gguf/,
    () => renameSync(part(1), path.join(folder, 'model.gguf')),
  ],
])('%s: a typed error before native code', async (_name, code, message, damage) => {
  damage();
  const file = _name.startsWith('the first') ? path.join(folder, 'model.gguf') : part(1);
  await expect(complete(file)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

test('a part of another model: too few tensors, or the same ones', async () => {
  const first = readGguf(part(1));
  const bytes = readFileSync(part(1));
  const metadata = new Map(first.metadata).set('split.no', { type: 'uint16', value: 1 });
  const tensors = first.tensors.map(({ name, shape, type, offset, bytes: size }) => ({
    ...{ name, shape, type },
    data: () => [bytes.subarray(offset, offset + size)],
  }));
  await writeGguf(part(2), metadata, tensors);
  expect(() => openModel(part(1))).toThrow(expect.objectContaining({ code: 'GGUF_INVALID' }));
});

test('a later part is not the one to name', () => {
  expect(() => openModel(part(2))).toThrow(expect.objectContaining({ code: 'GGUF_INVALID' }));
});
