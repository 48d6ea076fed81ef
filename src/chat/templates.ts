/**
 * Prompt templates, one a file: TOML front matter between two lines of `+++` (name, description, role, stop,
 * sampling, maxTokens, systemPrompt, variables), then the text. `{{name}}` is a variable; `{{name=words}}` gives
 * it a default, as does the front matter; `{{{{` is two braces as they are. Nothing else in a text is read.
 */
import { open, readdir, readFile, stat } from 'node:fs/promises';
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
  /** `system`: the text is the system prompt of the conversation; `user` (the default): a message. */
  role: z.enum(['user', 'system']).optional(),
  /** Defaults, or what a variable is for. */
  variables: z
    .record(
      z.string(),
      z.union([
        z.string(),
        z.strictObject({ default: z.string().optional(), description: z.string().max(200).optional() }),
      ]),
    )
    .optional(),
  sampling,
  stop,
  maxTokens,
  systemPrompt,
});

interface TemplateVariable {
  readonly name: string;
  /** Absent: a value must be given. */
  readonly default?: string;
  /** What it is for, for a person. */
  readonly description?: string;
}

export interface PromptTemplate {
  readonly name: string;
  /** One line. */
  readonly description: string;
  readonly engines: readonly string[];
  readonly role: 'user' | 'system';
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
  const { name, description, engines = [], role = 'user', variables: told = {}, ...settings } = head.data;
  // The file's last line end is the editor's, not the template's.
  const text = clean.slice(match[0].length).replace(/\n$/, '');
  if (role === 'system' && settings.systemPrompt !== undefined)
    throw invalid('its text is the system prompt: it has no other');
  const variables = variablesOf(text, told);
  const unused = Object.keys(told).filter((key) => !variables.some((variable) => variable.name === key));
  if (unused.length > 0) throw invalid(`its text has no {{${unused.join('}}, {{')}}}`);
  return { name, description, engines, role, settings: settingsOf(settings), variables, text };
}

/** The system prompt that a template brings, variables at their defaults; '' for none. @throws AppError USAGE. */
export function systemPromptOf(template: PromptTemplate): string {
  return template.role === 'system' ? fillTemplate(template, {}) : (template.settings.systemPrompt ?? '');
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
  return list(folders.map((folder) => ({ folder, isForeign: false })));
}

/** As `listTemplates`, and those in `prompts/` of a folder that a person works in, which go before all. */
export async function listTemplatesAt(folder: string): Promise<ListedTemplate[]> {
  return list([
    { folder: path.join(packageRoot, 'prompts'), isForeign: false },
    { folder: path.join(userPaths().config, 'prompts'), isForeign: false },
    { folder: path.join(folder, 'prompts'), isForeign: true },
  ]);
}

/** In a foreign folder other Markdown may lie about: what has no front matter of ours is left out there. */
async function list(
  folders: readonly { readonly folder: string; readonly isForeign: boolean }[],
): Promise<ListedTemplate[]> {
  const byName = new Map<string, ListedTemplate>();
  for (const { folder, isForeign } of folders) {
    const names = await readdir(folder).catch(() => []);
    for (const file of names.filter((name) => name.endsWith('.md') && name !== 'README.md').sort()) {
      const listed = await readTemplate(path.join(folder, file));
      if (isForeign && 'error' in listed && !(await beginsAsOurs(listed.file))) continue;
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

async function beginsAsOurs(file: string): Promise<boolean> {
  try {
    await using handle = await open(file);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return /^\+\+\+\s/.test(buffer.toString('latin1', 0, bytesRead));
  } catch {
    return false;
  }
}

type Told = NonNullable<z.infer<typeof headSchema>['variables']>;

/** In the order of their first use; a default may stand at any use, or in the front matter. */
function variablesOf(text: string, told: Told): readonly TemplateVariable[] {
  const variables = new Map<string, TemplateVariable>();
  for (const [, name, preset] of text.matchAll(placeholder)) {
    if (name === undefined) continue;
    const head = Object.hasOwn(told, name) ? told[name] : undefined;
    const { default: standard, description } = typeof head === 'string' ? { default: head } : (head ?? {});
    const known = variables.get(name)?.default ?? standard ?? preset?.trim();
    variables.set(name, {
      name,
      ...(known === undefined ? {} : { default: known }),
      ...(description === undefined ? {} : { description }),
    });
  }
  return [...variables.values()];
}
