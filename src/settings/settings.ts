/** Reads the settings from the file, the environment and the flags; the later of these goes before. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { AppError } from '../errors.ts';
import { userPaths } from '../paths.ts';
import { otherVariables, type Setting, settingsTable } from './table.ts';
import { readToml } from './toml.ts';
import type { SettingSource, Settings, SettingValue } from './types.ts';
import { describeType, fits, fromText } from './values.ts';

/** A settings file longer than this is none. */
const mostBytes = 256 * 1024;

/** Variables of the project's own tests and benches. */
const developers = /^BABBLE_(?:(?:TEST|BENCH|BUILD|LLAMA)_|(?:FUZZ|CUTS|KILLS)$)/;

const ranks: readonly SettingSource[] = ['default', 'file', 'environment', 'flag'];

export interface SettingsInput {
  /** Default: the process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** The command line's options as commander gives them; those that are no settings are left alone. */
  readonly flags?: Readonly<Record<string, unknown>>;
}

export interface ReadSettings {
  readonly settings: Settings;
  /** Every setting of the table by its key, with where its value comes from. */
  readonly values: ReadonlyMap<string, SettingValue>;
  /** What is wrong, each with its line, variable or flag; such values do not count. */
  readonly problems: readonly string[];
  /** What may be a mistake. */
  readonly warnings: readonly string[];
}

/** The person's settings file; it need not exist. */
export function settingsFile(env: NodeJS.ProcessEnv = process.env): string {
  return path.join(userPaths(env).config, 'config.toml');
}

/** @throws AppError INVALID_SETTING that lists every problem at once. */
export function loadSettings(input: SettingsInput = {}): ReadSettings {
  const read = readSettings(input);
  if (read.problems.length === 0) return read;
  const count = read.problems.length === 1 ? 'a problem' : `${read.problems.length} problems`;
  throw new AppError(
    'INVALID_SETTING',
    `The settings have ${count}:\n${read.problems.map((problem) => `  ${problem}`).join('\n')}`,
    { hint: '`babble config edit` opens the file; docs/settings.md lists every setting.' },
  );
}

/** As `loadSettings`, but gives the problems instead of throwing them. */
export function readSettings({ env = process.env, flags = {} }: SettingsInput = {}): ReadSettings {
  const problems: string[] = [];
  const values = new Map<string, SettingValue>(
    settingsTable.map(({ key, value }) => [key, { value, source: 'default' }]),
  );
  const put = (setting: Setting, value: unknown, source: SettingSource, origin: string) => {
    if (fits(setting.type, value)) values.set(setting.key, { value, source, origin });
    else
      problems.push(`${origin}: ${setting.key} is ${shown(value)}; it must be ${describeType(setting.type)}`);
  };
  readFile(settingsFile(env), put, problems);
  // The custom of many programs, stronger than the file and weaker than a variable of our own.
  if (env['NO_COLOR']) values.set('theme', { value: 'none', source: 'environment', origin: 'NO_COLOR' });
  for (const setting of settingsTable) {
    const text = env[setting.variable];
    if (text !== undefined && text !== '')
      put(setting, fromText(setting.type, text), 'environment', setting.variable);
  }
  for (const setting of settingsTable) {
    const value = setting.option === undefined ? undefined : flags[setting.option];
    if (value !== undefined) put(setting, value, 'flag', `--${dashed(setting.option!)}`);
  }
  keepTogether(values);
  return { settings: settingsFrom(values), values, problems, warnings: unknownVariables(env) };
}

type Put = (setting: Setting, value: unknown, source: SettingSource, origin: string) => void;

function readFile(file: string, put: Put, problems: string[]): void {
  const text = textOf(file, problems);
  const { entries, headers, problems: wrong } = readToml(text);
  const at = (line: number) => `${file}:${line}`;
  const found: { line: number; tell: () => void }[] = wrong.map(({ line, message }) => ({
    line,
    tell: () => problems.push(`${at(line)}: ${message}`),
  }));
  for (const { key, line } of headers) {
    if (!settingsTable.some((setting) => setting.key.startsWith(`${key}.`)))
      found.push({ line, tell: () => problems.push(`${at(line)}: there is no table [${key}]`) });
  }
  for (const { key, value, first } of entries) {
    const setting = settingsTable.find((candidate) => candidate.key === key);
    const tell = setting
      ? () => put(setting, value, 'file', at(first))
      : () => problems.push(`${at(first)}: there is no setting ${key}${near(key)}`);
    found.push({ line: first, tell });
  }
  for (const { tell } of found.sort((a, b) => a.line - b.line)) tell();
}

function textOf(file: string, problems: string[]): string {
  try {
    const bytes = readFileSync(file);
    if (bytes.length <= mostBytes) return bytes.toString('utf8');
    problems.push(`${file}: it has ${bytes.length} bytes; a settings file has at most ${mostBytes}`);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') problems.push(`${file}: it cannot be read: ${message}`);
  }
  return '';
}

/** An engine and a model belong together: one from a weaker source than the other says nothing of it. */
function keepTogether(values: Map<string, SettingValue>): void {
  const rank = (key: string) => ranks.indexOf(values.get(key)!.source);
  if (rank('engine') > rank('model')) values.set('model', { value: undefined, source: 'default' });
  else if (rank('model') > rank('engine')) values.set('engine', { value: undefined, source: 'default' });
}

function settingsFrom(values: ReadonlyMap<string, SettingValue>): Settings {
  const settings: Record<string, unknown> = {};
  const sampling: Record<string, unknown> = {};
  for (const [key, { value }] of values) {
    if (value === undefined) continue;
    if (key.startsWith('sampling.')) sampling[key.slice('sampling.'.length)] = value;
    else settings[key] = value;
  }
  // Each value was checked against the table, whose keys and types are those of Settings.
  return { ...settings, sampling } as unknown as Settings;
}

function unknownVariables(env: NodeJS.ProcessEnv): string[] {
  const known = [...settingsTable.map(({ variable }) => variable), ...otherVariables.map(([name]) => name)];
  const isKnown = (name: string) =>
    known.some((other) => (other.endsWith('…') ? name.startsWith(other.slice(0, -1)) : name === other));
  return Object.keys(env)
    .filter((name) => name.startsWith('BABBLE_') && !developers.test(name) && !isKnown(name))
    .map((name) => `The variable ${name} is no setting of babble's${near(name, known)}.`);
}

/** The known name that was probably meant. */
function near(name: string, known: readonly string[] = settingsTable.map(({ key }) => key)): string {
  const plain = (text: string) =>
    text
      .slice(text.lastIndexOf('.') + 1)
      .toLowerCase()
      .replaceAll(/[^a-z]/g, '');
  const found = known.find((candidate) => {
    const [a, b] = [plain(candidate), plain(name)];
    return a === b || isOneStep(a, b);
  });
  return found === undefined ? '' : ` (did you mean ${found}?)`;
}

/** Whether one letter more, less or other, or two that changed places, make the two the same. */
function isOneStep(a: string, b: string): boolean {
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  const rest = (text: string, from: number) => text.slice(from);
  return (
    rest(a, start + 1) === rest(b, start + 1) ||
    rest(a, start + 1) === rest(b, start) ||
    rest(a, start) === rest(b, start + 1) ||
    (a[start] === b[start + 1] && a[start + 1] === b[start] && rest(a, start + 2) === rest(b, start + 2))
  );
}

function dashed(option: string): string {
  return option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function shown(value: unknown): string {
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
