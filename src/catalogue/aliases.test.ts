import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { shippedModels } from '../paths.ts';
import { readAliases, removeAlias } from './aliases.ts';
import { type CatalogueFolders, findModel, nameModel, resolveModel } from './catalogue.ts';
import { curatedModels } from './curated.ts';

let root: string;
let folders: CatalogueFolders & { aliases: string };
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'babble-aliases-'));
  folders = { own: path.join(root, 'models'), aliases: path.join(root, 'data', 'aliases.json') };
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const gguf = path.join(shippedModels, 'tiny-llama-gguf', 'model.gguf');

describe('an alias', () => {
  test('of a model is good wherever a model is named, with its engine or without', async () => {
    await nameModel('bard', 'tiny-llama-gguf', folders);
    const ref = { id: 'tiny-llama-gguf', path: gguf };
    expect(await resolveModel('llama', 'bard', folders)).toEqual(ref);
    expect(await findModel('bard', folders)).toEqual({ engine: 'llama', ref });
  });

  test('of an alias means the model, and stays when the other goes', async () => {
    await nameModel('bard', 'gpt', folders);
    await nameModel('will', 'bard', folders);
    expect(await removeAlias('bard', folders.aliases)).toBe(true);
    expect(await removeAlias('bard', folders.aliases)).toBe(false);
    expect((await findModel('will', folders)).ref.id).toBe('gpt');
    await expect(findModel('bard', folders)).rejects.toMatchObject({ code: 'UNKNOWN_MODEL' });
  });

  test('of a path keeps it whole, for use from any folder', async () => {
    const file = path.relative(process.cwd(), path.join(root, 'some.gguf'));
    writeFileSync(file, readFileSync(gguf));
    await nameModel('mine', file, folders);
    expect(await readAliases(folders.aliases)).toEqual(
      new Map([['mine', { engine: 'llama', model: path.resolve(file) }]]),
    );
    expect(await resolveModel('llama', 'mine', folders)).toEqual({ id: 'some', path: path.resolve(file) });
    rmSync(file);
    await expect(resolveModel('llama', 'mine', folders)).rejects.toThrow('stands for');
  });

  test('of a path to a model that is listed is of its id', async () => {
    const { now } = await nameModel('names', path.join(shippedModels, 'mlp'), folders);
    expect(now).toEqual({ engine: 'mlp', model: 'mlp' });
  });

  test('of a model on a server, with the engine named', async () => {
    await nameModel('big', 'remote=meta/Some-Model:70B', folders);
    const ref = { id: 'meta/Some-Model:70B', path: '' };
    expect(await findModel('big', folders)).toEqual({ engine: 'remote', ref });
    expect(await resolveModel('remote', 'other', folders)).toEqual({ id: 'other', path: '' });
  });

  test('given again means the new model, and the old one is told', async () => {
    await nameModel('bard', 'gpt', folders);
    expect(await nameModel('bard', 'tiny-llama', folders)).toEqual({
      now: { engine: 'tiny-llama', model: 'tiny-llama' },
      before: { engine: 'gpt', model: 'gpt' },
    });
  });

  test('on another engine than its own is refused with the right one', async () => {
    await nameModel('bard', 'gpt', folders);
    await expect(resolveModel('mlp', 'bard', folders)).rejects.toThrow(
      'The model "bard" runs on the engine gpt, not on mlp.',
    );
  });
});

test.each(['mlp', 'tiny-llama-gguf', 'llama', 'remote', 'auto', curatedModels[0]!.alias])(
  'the name "%s" belongs to something else and is refused',
  async (name) => {
    await expect(nameModel(name, 'gpt', folders)).rejects.toMatchObject({ code: 'USAGE' });
    expect((await readAliases(folders.aliases)).size).toBe(0);
  },
);

test.each(['', 'Bard', '../x', 'a/b', '-x', '__proto__', 'x.gguf', 'a b', 'x'.repeat(65)])(
  '%j is no name',
  async (name) => {
    await expect(nameModel(name, 'gpt', folders)).rejects.toMatchObject({ code: 'USAGE' });
  },
);

test('only what is there gets a name', async () => {
  await expect(nameModel('bard', 'nobody', folders)).rejects.toMatchObject({ code: 'UNKNOWN_MODEL' });
  await expect(nameModel('bard', 'nobody=x', folders)).rejects.toMatchObject({ code: 'UNKNOWN_ENGINE' });
  await expect(nameModel('bard', './nobody.gguf', folders)).rejects.toMatchObject({ code: 'UNKNOWN_MODEL' });
});

test('a broken file is named, and models found by their own names do not need it', async () => {
  await nameModel('bard', 'gpt', folders);
  writeFileSync(folders.aliases, '{"bard": 1}');
  await expect(findModel('bard', folders)).rejects.toMatchObject({
    code: 'FILE_INVALID',
    message: expect.stringContaining(folders.aliases),
  });
  expect((await resolveModel('gpt', 'gpt', folders)).id).toBe('gpt');
});
