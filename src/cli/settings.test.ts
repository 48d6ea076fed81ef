import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hostLimits } from '../engines/host/limits.ts';
import { chatSettingsOf, settingsFor } from './settings.ts';

let home: string;

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'babble-settings-'));
  mkdirSync(path.join(home, 'config'));
  vi.stubEnv('BABBLE_HOME', home);
  vi.stubEnv('BABBLE_IDLE_MINUTES', '');
  vi.stubEnv('BABBLE_ENGINE_MEMORY_MB', '');
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

const config = (text: string) => writeFileSync(path.join(home, 'config', 'config.toml'), text);

test('the limits of the file hold for every engine process, unless a variable says otherwise', () => {
  config('idleMinutes = 3\nengineMemoryMb = 2\n');
  vi.stubEnv('BABBLE_ENGINE_MEMORY_MB', '1');
  settingsFor({});
  expect(hostLimits()).toEqual({ idleMs: 180_000, memoryLimitBytes: 1024 * 1024 });
});

test('--no-color is the theme none; a theme that is named goes before it', () => {
  config('theme = "dark"\n');
  expect(settingsFor({ color: true }).settings.theme).toBe('dark');
  expect(settingsFor({ color: false }).settings.theme).toBe('none');
  expect(settingsFor({ color: false, theme: 'light' }).settings.theme).toBe('light');
});

test('a conversation begins with what the person set, and nothing else', () => {
  config('systemPrompt = "s"\nmaxTokens = 5\nhints = false\n[sampling]\ntopK = 3\n');
  const { settings } = settingsFor({ stop: ['x'] });
  expect(chatSettingsOf(settings)).toEqual({
    systemPrompt: 's',
    maxTokens: 5,
    stop: ['x'],
    sampling: { topK: 3 },
  });
});
