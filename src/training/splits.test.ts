import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { sharedDataFolder } from '../paths.ts';
import { nameExamples, parseNames, pythonShuffle, splitCharacters, splitNames } from './splits.ts';

const shared = sharedDataFolder();

test('shuffles as Python does', () => {
  // random.seed(42); a = list(range(10)); random.shuffle(a); print(a)
  expect(pythonShuffle([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 42)).toEqual([7, 3, 2, 8, 5, 6, 9, 4, 0, 1]);
});

test.skipIf(!shared)("cuts names.txt into the lecture's splits", async () => {
  const { train, val, test } = splitNames(await readFile(path.join(shared!, 'names.txt'), 'utf8'));
  // The lecture prints these sizes and these first words.
  expect([train, val, test].map((names) => nameExamples(names, 3).count)).toEqual([182_625, 22_655, 22_866]);
  expect(train.slice(0, 3)).toEqual(['yuheng', 'diondre', 'xavien']);
});

test('makes an example of every letter and every end', () => {
  const { count, contexts, targets } = nameExamples(['ab', 'c'], 2);
  expect(count).toBe(5);
  expect([...contexts]).toEqual([0, 0, 0, 1, 1, 2, 0, 0, 0, 3]);
  expect([...targets]).toEqual([1, 2, 0, 3, 0]);
});

test('names with other letters are refused with the name', () => {
  const names = Array.from({ length: 20 }, () => 'anna').join('\n');
  expect(() => parseNames(`${names}\nJosé`)).toThrow(/José/);
  expect(() => parseNames('anna\nben')).toThrow(/At least 10 names/);
});

test('cuts a text by characters, sorted by code point', () => {
  const { characters, train, val } = splitCharacters('ba\u{1F600}a\nbbbbb');
  expect(characters).toEqual(['\n', 'a', 'b', '\u{1F600}']);
  expect([...train, ...val]).toEqual([2, 1, 3, 1, 0, 2, 2, 2, 2, 2]);
  expect(val.length).toBe(1);
});
