import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { main } from '../../cli.ts';
import { readToml } from '../../settings/toml.ts';

let home: string;
let out = '';
let err = '';

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'babble-config-'));
  vi.stubEnv('BABBLE_HOME', home);
  vi.stubEnv('NO_COLOR', '');
  out = '';
  err = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += text;
    return true;
  });
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(home, { recursive: true });
});

const file = () => path.join(home, 'config', 'config.toml');
const config = (...args: string[]) => main(['config', ...args]);

test('set, get, unset, path', async () => {
  expect(await config('set', 'theme', 'dark')).toBe(0);
  expect(await config('set', 'top-k', '40')).toBe(0);
  expect(readFileSync(file(), 'utf8')).toBe('theme = "dark"\n\n[sampling]\ntopK = 40\n');
  expect(await config('get', 'sampling.topK')).toBe(0);
  expect(await config('path')).toBe(0);
  expect(out).toBe(`40\n${file()}\n`);
  expect(await config('unset', 'theme')).toBe(0);
  expect(readFileSync(file(), 'utf8')).toBe('[sampling]\ntopK = 40\n');
});

test('the list tells where each value comes from, and exits 2 when something is wrong', async () => {
  await config('set', 'raw', 'yes');
  vi.stubEnv('BABBLE_TOP_P', '0.5');
  expect(await config()).toBe(0);
  expect(out).toMatch(/^raw +true +.*config\.toml:1$/m);
  expect(out).toMatch(/^sampling\.topP +0\.5 +BABBLE_TOP_P$/m);
  expect(out).toMatch(/^theme +"auto" +default$/m);
  vi.stubEnv('BABBLE_TOP_P', 'much');
  expect(await config()).toBe(2);
  expect(err).toContain('BABBLE_TOP_P: sampling.topP is "much"; it must be a number from 0 to 1');
});

test('what does not fit is not written, and a stronger source is told of', async () => {
  expect(await config('set', 'theme', 'pink')).toBe(2);
  expect(await config('set', 'colour', 'dark')).toBe(2);
  expect(err).toContain('theme is one of auto, terminal');
  expect(err).toContain('There is no setting "colour"');
  vi.stubEnv('BABBLE_THEME', 'light');
  expect(await config('set', 'theme', 'dark')).toBe(0);
  expect(err).toContain('BABBLE_THEME goes before the file: "light"');
});

test('edit begins a file with every setting in it, and checks what was written', async () => {
  const editor = path.join(home, 'editor.sh');
  writeFileSync(editor, '#!/bin/sh\nsed -i "s/^# raw =/raw = maybe/" "$1"\n');
  chmodSync(editor, 0o755);
  vi.stubEnv('VISUAL', editor);
  expect(await config('edit')).toBe(2);
  expect(err).toMatch(/config\.toml:\d+: this is no TOML/);
  vi.stubEnv('VISUAL', 'sed -i "s/^raw = maybe/raw = true/"');
  expect(await config('edit')).toBe(0);
  const { entries, problems } = readToml(readFileSync(file(), 'utf8'));
  expect(problems).toEqual([]);
  expect(entries.map(({ key, value }) => [key, value])).toEqual([['raw', true]]);
});
