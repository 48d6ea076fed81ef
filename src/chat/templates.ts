/**
 * Prompt templates, one a file: TOML front matter between two lines of `+++` (name, description, stop,
 * sampling, maxTokens, system, variables), then the text. `{{name}}` is a variable; `{{name=words}}` gives it a
 * default; `{{{{` is two braces as they are.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { packageRoot, userPaths } from '../paths.ts';
import { sanitise } from './sanitise.ts';
import { chatSettingsSchema, settingsOf } from './settings.ts';
import type { ChatSettings } from './types.ts';

const mostBytes = 1_000_000;
const frontMatter = /^\+\+\+[ \t]*\n([\s\S]*?)\n\+\+\+[ \t]*(?:\n|$)/;
const placeholder = /\{\{\{\{|\{\{[ \t]*([A-Za-z_]\w*)[ \t]*(?:=([^{}]*))?\}\}/g;

const { sampling, stop, maxTokens, systemPrompt } = chatSettingsSchema.shape;
const headSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'lower-case letters, digits and "-"'),
  description: z.string().min(1).max(200),
  /** Engines it was written for, best first; a hint for a menu. */
  engines: z.array(z.string()).optional(),
  sampling,
  stop,
  maxTokens,
  systemPrompt,
});

interface TemplateVariable {
  readonly name: string;
  /** Absent: a value must be given. */
  readonly default?: string;
}

export interface PromptTemplate {
  readonly name: string;
  /** One line. */
  readonly description: string;
  readonly engines: readonly string[];
  readonly variables: readonly TemplateVariable[];
  /** What it changes in a conversation's settings. */
  readonly settings: Partial<ChatSettings>;
  readonly text: string;
}

/** A template that cannot be read stands in the list with its error, so that a person can mend it. */
export type ListedTemplate =
  | { readonly template: PromptTemplate; readonly file: string }
  | { readonly error: AppError; readonly file: string };

/** @throws AppError FILE_INVALID that names the file and what is wrong in it. */
export function parseTemplate(source: string, file: string): PromptTemplate {
  const invalid = (what: string, cause?: unknown) =>
    new AppError('FILE_INVALID', `The prompt template ${file} cannot be used: ${what}.`, {
      hint: 'A template begins with +++, then TOML with name and description, then +++, then its text.',
      cause,
    });
  const clean = sanitise(source);
  const match = frontMatter.exec(clean);
  if (!match) throw invalid('it has no front matter between two lines of +++');
  let toml: unknown;
  try {
    toml = parseToml(match[1] ?? '');
  } catch (error) {
    throw invalid(
      error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'its front matter is no TOML',
      error,
    );
  }
  const head = headSchema.safeParse(toml);
  if (!head.success) {
    const problems = head.error.issues.map(
      (issue) => `${issue.path.join('.') || 'front matter'}: ${issue.message}`,
    );
    throw invalid(problems.join('; '));
  }
  const { name, description, engines = [], ...settings } = head.data;
  // The file's last line end is the editor's, not the template's.
  const text = clean.slice(match[0].length).replace(/\n$/, '');
  return { name, description, engines, settings: settingsOf(settings), variables: variablesOf(text), text };
}

/** @throws AppError USAGE that names the values that are missing or unknown. */
export function fillTemplate(template: PromptTemplate, values: Readonly<Record<string, string>>): string {
  const known = new Map(template.variables.map((variable) => [variable.name, variable.default]));
  const missing = [...known].filter(([name, preset]) => !Object.hasOwn(values, name) && preset === undefined);
  const unknown = Object.keys(values).filter((name) => !known.has(name));
  if (missing.length > 0 || unknown.length > 0) {
    const problems = [
      missing.length > 0 ? `needs ${missing.map(([name]) => name).join(', ')}` : '',
      unknown.length > 0 ? `does not know ${unknown.join(', ')}` : '',
    ];
    throw new AppError('USAGE', `The prompt "${template.name}" ${problems.filter(Boolean).join(' and ')}.`, {
      hint: `Its variables: ${[...known.keys()].join(', ') || 'none'}. Give them as name=value.`,
    });
  }
  return template.text.replace(placeholder, (whole, name?: string) => {
    if (name === undefined) return whole.slice(0, 2);
    return Object.hasOwn(values, name) ? values[name]! : (known.get(name) ?? '');
  });
}

/**
 * All templates, by name: those that ship with babble and the person's own, which go before.
 * @param folders Default: `prompts/` of the package, then of the configuration folder.
 */
export async function listTemplates(
  folders: readonly string[] = [path.join(packageRoot, 'prompts'), path.join(userPaths().config, 'prompts')],
): Promise<ListedTemplate[]> {
  const byName = new Map<string, ListedTemplate>();
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => []);
    for (const file of names.filter((name) => name.endsWith('.md') && name !== 'README.md').sort()) {
      const listed = await readTemplate(path.join(folder, file));
      byName.set('template' in listed ? listed.template.name : listed.file, listed);
    }
  }
  return [...byName.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, listed]) => listed);
}

async function readTemplate(file: string): Promise<ListedTemplate> {
  try {
    const { size } = await stat(file);
    if (size > mostBytes)
      throw new AppError(
        'FILE_INVALID',
        `${file} has ${size} bytes; a prompt template has at most ${mostBytes}.`,
      );
    return { template: parseTemplate(await readFile(file, 'utf8'), file), file };
  } catch (error) {
    return { error: AppError.from(error, 'FILE_INVALID'), file };
  }
}

/** In the order of their first use; a default may stand at any use. */
function variablesOf(text: string): readonly TemplateVariable[] {
  const variables = new Map<string, TemplateVariable>();
  for (const [, name, preset] of text.matchAll(placeholder)) {
    if (name === undefined) continue;
    const known = variables.get(name)?.default ?? preset?.trim();
    variables.set(name, known === undefined ? { name } : { name, default: known });
  }
  return [...variables.values()];
}
