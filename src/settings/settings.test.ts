import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'smol-toml';
import { expect, onTestFinished, test } from 'vitest';
import { parseChatSettings } from '../chat/settings.ts';
import { editSetting } from './edit.ts';
import { loadSettings, readSettings, settingsFile } from './settings.ts';
import { otherVariables, settingsTable } from './table.ts';
import { describeType } from './values.ts';

/** An environment whose settings file holds this text. */
function environment(text?: string, variables: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const home = mkdtempSync(path.join(tmpdir(), 'babble-settings-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  const env = { BABBLE_HOME: home, ...variables };
  mkdirSync(path.dirname(settingsFile(env)));
  if (text !== undefined) writeFileSync(settingsFile(env), text);
  return env;
}

test('nothing set: the defaults', () => {
  const { settings, values } = loadSettings({ env: environment() });
  expect(settings).toEqual({
    sampling: {},
    theme: 'auto',
    raw: false,
    images: 'auto',
    screenReader: false,
    hints: true,
    idleMinutes: 10,
    engineMemoryMb: 0,
  });
  expect([...values.values()].every(({ source }) => source === 'default')).toBe(true);
});

test('flags go before the environment, which goes before the file', () => {
  const env = environment('maxTokens = 1\ntheme = "dark"\n[sampling]\ntemperature = 0.1\ntopK = 5\n', {
    BABBLE_MAX_TOKENS: '2',
    BABBLE_TEMPERATURE: '0.2',
    BABBLE_STOP: '["\\n", "x"]',
    BABBLE_HINTS: 'off',
  });
  const { settings, values } = loadSettings({ env, flags: { maxTokens: 3, offer: ['no setting'] } });
  expect(settings).toMatchObject({
    maxTokens: 3,
    theme: 'dark',
    stop: ['\n', 'x'],
    hints: false,
    sampling: { temperature: 0.2, topK: 5 },
  });
  expect(values.get('maxTokens')).toEqual({ value: 3, source: 'flag', origin: '--max-tokens' });
  expect(values.get('sampling.temperature')?.origin).toBe('BABBLE_TEMPERATURE');
  expect(values.get('sampling.topK')?.origin).toBe(`${settingsFile(env)}:5`);
});

test('every problem of every source is told at once, in its place', () => {
  const file = [
    'theme = "pink"',
    'maxTokens = ',
    'tempreature = 1',
    'raw = true',
    'raw = false',
    '[sampling]',
    'topP = 3',
    'stop = [',
    '  "a",',
    ']',
    '[colours]',
  ].join('\n');
  const env = environment(file, { BABBLE_IDLE_MINUTES: 'ten' });
  const { problems, settings } = readSettings({ env, flags: { temperature: 900 } });
  const at = settingsFile(env);
  expect(problems).toEqual([
    `${at}:1: theme is "pink"; it must be one of auto, terminal, dark, light, high-contrast, none`,
    expect.stringMatching(/:2: this is no TOML: /),
    `${at}:3: there is no setting tempreature (did you mean sampling.temperature?)`,
    `${at}:5: raw is set already, in line 4`,
    `${at}:7: sampling.topP is 3; it must be a number from 0 to 1`,
    `${at}:8: there is no setting sampling.stop (did you mean stop?)`,
    `${at}:11: there is no table [colours]`,
    'BABBLE_IDLE_MINUTES: idleMinutes is "ten"; it must be a number from 0 to 34560',
    '--temperature: sampling.temperature is 900; it must be a number from 0 to 100',
  ]);
  expect(settings).toMatchObject({ theme: 'auto', raw: true, idleMinutes: 10 });
  expect(() => loadSettings({ env })).toThrow(/8 problems:\n.*:1: theme[\s\S]*BABBLE_IDLE_MINUTES/);
});

test('a text that is never closed is one problem, not one for each line after it', () => {
  const { problems } = readSettings({ env: environment('stop = [\nraw = true\ntheme = "dark"\n') });
  expect(problems).toEqual([expect.stringMatching(/:1: this is no TOML/)]);
});

test('NO_COLOR is stronger than the file and weaker than a variable of our own', () => {
  const env = environment('theme = "dark"', { NO_COLOR: '1' });
  expect(loadSettings({ env }).settings.theme).toBe('none');
  expect(loadSettings({ env: { ...env, BABBLE_THEME: 'light' } }).settings.theme).toBe('light');
  expect(loadSettings({ env: { ...env, NO_COLOR: '' } }).settings.theme).toBe('dark');
});

test('an engine from a stronger source leaves the weaker model behind, and the other way round', () => {
  const env = environment('engine = "llama"\nmodel = "smollm2"');
  expect(loadSettings({ env }).settings).toMatchObject({ engine: 'llama', model: 'smollm2' });
  expect(loadSettings({ env, flags: { engine: 'gpt' } }).settings.model).toBeUndefined();
  expect(loadSettings({ env, flags: { model: 'other' } }).settings.engine).toBeUndefined();
});

test('a variable that is probably a slip is told of', () => {
  const { warnings } = readSettings({ env: { BABBLE_TEMPRATURE: '1', BABBLE_BOT_ENGINE: 'x', OTHER: '1' } });
  expect(warnings).toEqual([
    "The variable BABBLE_TEMPRATURE is no setting of babble's (did you mean BABBLE_TEMPERATURE?).",
  ]);
});

test('what the table says of sampling is what the chat takes', () => {
  for (const { key, type } of settingsTable.filter((setting) => setting.key.startsWith('sampling.'))) {
    const name = key.slice('sampling.'.length);
    const takes = (value: unknown) => {
      try {
        parseChatSettings({ sampling: { [name]: value } });
        return true;
      } catch {
        return false;
      }
    };
    if (type.kind === 'choice') expect(type.choices.every(takes)).toBe(true);
    if (type.kind !== 'number') continue;
    expect([name, takes(type.low), takes(type.low - 1)]).toEqual([name, true, false]);
    if (type.high !== undefined)
      expect([name, takes(type.high), takes(type.high + 1)]).toEqual([name, true, false]);
    expect([name, takes(type.low + 0.5)]).toEqual([name, !type.whole]);
  }
});

test.each([
  ['an empty file', '', 'theme', 'dark', 'theme = "dark"\n'],
  ['an empty file, in a table', '', 'sampling.topK', 3, '[sampling]\ntopK = 3\n'],
  [
    'a value with its comment',
    'a = 1 # one # two\nb = "x # y" # z\n',
    'b',
    'n',
    'a = 1 # one # two\nb = "n" # z\n',
  ],
  [
    'above the first table',
    '# mine\n[sampling]\ntopK = 1',
    'raw',
    true,
    '# mine\nraw = true\n[sampling]\ntopK = 1\n',
  ],
  [
    'under its header',
    '[sampling]\ntopK = 1\n\n[x]\ny = 1\n',
    'sampling.topP',
    0.5,
    '[sampling]\ntopK = 1\ntopP = 0.5\n\n[x]\ny = 1\n',
  ],
  [
    'beside dotted keys',
    'sampling.topK = 1\nraw = true\n',
    'sampling.topP',
    1,
    'sampling.topK = 1\nsampling.topP = 1\nraw = true\n',
  ],
  [
    'in an inline table',
    'sampling = { topK = 1, topP = 1 } # s\n',
    'sampling.topK',
    2,
    'sampling.topK = 2\nsampling.topP = 1 # s\n',
  ],
  [
    'over several lines',
    'stop = [\n "a", # first\n]\nraw = true\n',
    'stop',
    ['b'],
    'stop = [ "b" ]\nraw = true\n',
  ],
  ['away', 'raw = true\ntheme = "dark"\n', 'raw', undefined, 'theme = "dark"\n'],
  [
    'out of an inline table',
    'sampling = { topK = 1, topP = 1 }\n',
    'sampling.topK',
    undefined,
    'sampling.topP = 1\n',
  ],
  ['what is not there, away', '# nothing\n', 'raw', undefined, '# nothing\n'],
])('sets %s', (_, before, key, value, after) => {
  const changed = editSetting(before, key, value);
  expect(changed).toBe(after);
  const held = key
    .split('.')
    .reduce<unknown>((table, part) => (table as Record<string, unknown>)?.[part], parse(changed));
  expect(held).toEqual(value);
});

test('a broken file is not changed', () => {
  expect(() => editSetting('raw = \n', 'theme', 'dark')).toThrow('line 1');
});

test('docs/settings.md holds the table', () => {
  const docs = readFileSync(new URL('../../docs/settings.md', import.meta.url), 'utf8');
  for (const setting of settingsTable) {
    const { key, variable, type, summary } = setting;
    const value = setting.otherwise ?? `\`${setting.value}\``;
    expect(docs).toContain(
      `| \`${key}\` | \`${variable}\` | ${describeType(type)} | ${value} | ${summary} |`,
    );
  }
  for (const [name, summary] of otherVariables) expect(docs).toContain(`| \`${name}\` | ${summary} |`);
});
