import { mkdir, readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../errors.ts';
import { writeFileAtomic } from '../../formats/atomic-write.ts';
import { openEditor } from '../../repl/editor/outside.ts';
import { editSetting } from '../../settings/edit.ts';
import { loadSettings, readSettings, settingsFile } from '../../settings/settings.ts';
import { findSetting, type Setting, settingsTable } from '../../settings/table.ts';
import type { SettingValue } from '../../settings/types.ts';
import { describeType, fits, fromText, toToml } from '../../settings/values.ts';
import { createCommand } from '../options.ts';
import { formatTable } from '../text-table.ts';

/** `babble config`: the person's settings, where they come from, and how to change the file. */
export async function run(args: readonly string[]): Promise<number> {
  let code = 0;
  const command = createCommand('config', 'Show and change the settings. docs/settings.md lists them.');
  command
    .command('list', { isDefault: true })
    .description('every setting, its value, and where it comes from')
    .action(() => {
      code = list();
    });
  command
    .command('get <setting>')
    .description('print its value')
    .action((name: string) => get(find(name)));
  command
    .command('set <setting> <value>')
    .description('write it into the file')
    .action((name: string, value: string) => set(find(name), value));
  command
    .command('unset <setting>')
    .description('take it out of the file')
    .action((name: string) => change(find(name), undefined));
  command
    .command('path')
    .description('print where the file is')
    .action(() => {
      process.stdout.write(`${settingsFile()}\n`);
    });
  command.command('edit').description('open the file in $VISUAL or $EDITOR').action(edit);
  for (const child of command.commands) child.exitOverride().showHelpAfterError(false);
  await command.parseAsync(args, { from: 'user' });
  return code;
}

/** @returns 2 when something is wrong with the settings, so that a script can check them. */
function list(): number {
  const { values, problems, warnings } = readSettings();
  const rows = settingsTable.map((setting) => {
    const held = values.get(setting.key)!;
    return [setting.key, show(setting, held), sourceOf(held)];
  });
  process.stdout.write(formatTable(['setting', 'value', 'from'], rows));
  for (const warning of warnings) process.stderr.write(`babble: ${warning}\n`);
  if (problems.length === 0) return 0;
  process.stderr.write(`\nbabble: These do not count:\n${problems.map((line) => `  ${line}\n`).join('')}`);
  return 2;
}

function get(setting: Setting): void {
  const { value } = loadSettings().values.get(setting.key)!;
  if (value === undefined) return;
  process.stdout.write(`${typeof value === 'string' ? value : toToml(value)}\n`);
}

async function set(setting: Setting, text: string): Promise<void> {
  const value = fromText(setting.type, text);
  if (!fits(setting.type, value)) {
    throw new AppError(
      'INVALID_SETTING',
      `${setting.key} is ${describeType(setting.type)}, not ${JSON.stringify(text)}.`,
    );
  }
  await change(setting, value);
  const held = readSettings().values.get(setting.key)!;
  if (held.source !== 'file')
    process.stderr.write(`babble: ${sourceOf(held)} goes before the file: ${show(setting, held)}\n`);
}

async function change(setting: Setting, value: unknown): Promise<void> {
  const file = await target();
  const before = await readFile(file, 'utf8').catch(() => '');
  const after = editSetting(before, setting.key, value);
  if (after !== before) await write(file, after);
}

async function edit(): Promise<void> {
  const file = await target();
  const exists = await readFile(file, 'utf8').then(
    () => true,
    () => false,
  );
  if (!exists) await write(file, template());
  await openEditor(file);
  loadSettings();
}

/** Where the file is, through a link that someone keeps their settings behind. */
async function target(): Promise<string> {
  const file = settingsFile();
  return realpath(file).catch(() => file);
}

async function write(file: string, text: string): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    await writeFileAtomic(file, text);
  } catch (cause) {
    throw new AppError('INVALID_SETTING', `${file} cannot be written: ${(cause as Error).message}.`, {
      hint: 'Check the permissions of its folder, or set BABBLE_HOME to another.',
      cause,
    });
  }
}

/** A new file: every setting as a comment. */
function template(): string {
  const lines = [
    '# Settings of babble. docs/settings.md tells of each; `babble config` shows what counts.',
    '',
  ];
  let table = '';
  for (const { key, type, value, otherwise, summary } of settingsTable) {
    const dot = key.lastIndexOf('.');
    if (key.slice(0, Math.max(0, dot)) !== table) {
      table = key.slice(0, dot);
      lines.push(`[${table}]`, '');
    }
    const standard = value === undefined ? `default: ${otherwise}` : `default: ${toToml(value)}`;
    lines.push(`# ${summary}: ${describeType(type)}; ${standard}`, `# ${key.slice(dot + 1)} =`, '');
  }
  return lines.join('\n');
}

function show({ otherwise }: Setting, { value }: SettingValue): string {
  return value === undefined ? `(${otherwise})` : toToml(value);
}

function sourceOf({ source, origin }: SettingValue): string {
  return origin ?? source;
}

function find(name: string): Setting {
  const setting = findSetting(name);
  if (setting) return setting;
  throw new AppError('INVALID_SETTING', `There is no setting "${name}".`, {
    hint: `Known: ${settingsTable.map(({ key }) => key).join(', ')}.`,
  });
}
