import { attachFiles, mayAttach } from '../../chat/attachments.ts';
import {
  fillTemplate,
  type ListedTemplate,
  listTemplatesAt,
  type PromptTemplate,
} from '../../chat/templates.ts';
import { AppError } from '../../errors.ts';
import type { Repl } from '../repl.ts';
import type { Command, Screen, Suggestion } from './command.ts';
import { splitValues, writeValue } from './values.ts';

/** `/prompt`: sends a template of `prompts/` with its own sampling and stop; a role becomes the system prompt. */
export const promptCommand: Command = {
  name: 'prompt',
  summary: 'send a prompt template, or take on a role',
  usage: '[name] [variable=value …]',
  async complete(argument) {
    const templates = usable(await list());
    const template = templates.find(({ name }) => argument.startsWith(`${name} `));
    if (template) return variableSuggestions(template, argument);
    return templates.map((listed) => ({ value: `${listed.name} `, detail: describe(listed) }));
  },
  async run(argument, repl, screen) {
    const listed = await list();
    const templates = usable(listed);
    const [, name = '', rest = ''] = /^(\S*)\s*([\s\S]*)$/.exec(argument) ?? [];
    if (name !== '') return use(find(templates, name), rest, repl, screen);
    for (const entry of listed) if ('error' in entry) repl.warn(entry.error.message);
    const chosen = await screen.choose({
      title: 'Prompt',
      items: templates.map((value) => ({ label: value.name, detail: describe(value), value })),
    });
    if (chosen) await use(chosen, '', repl, screen);
  },
};

async function use(template: PromptTemplate, argument: string, repl: Repl, screen: Screen): Promise<void> {
  const given = splitValues(
    argument,
    template.variables.map(({ name }) => name),
  );
  if (given === undefined)
    throw new AppError('USAGE', `"${argument.slice(0, 100)}" begins with no variable of ${template.name}.`, {
      hint: `Give name=value; its variables: ${template.variables.map(({ name }) => name).join(', ') || 'none'}.`,
    });
  const missing = template.variables.find(
    ({ name, default: standard }) => standard === undefined && (given[name] ?? '').trim() === '',
  );
  if (missing) return ask(template, given, missing, repl, screen);
  const text = fillTemplate(template, await withFiles(given, repl));
  const { settings } = template;
  if (template.role === 'system') {
    const sampling = { ...repl.session.settings.sampling, ...settings.sampling };
    repl.session.updateSettings({ ...settings, sampling, systemPrompt: text });
    repl.notice(`${template.name} is the role of this conversation. /system shows it, /system none ends it.`);
    if (repl.kind === 'completion')
      repl.warn(`${repl.session.engineId} goes on from a text: a role has no effect on it.`);
    return;
  }
  await repl.send(text, { settings });
}

/** Puts the command into the editor with the cursor where the value belongs. */
function ask(
  template: PromptTemplate,
  given: Readonly<Record<string, string>>,
  missing: PromptTemplate['variables'][number],
  repl: Repl,
  screen: Screen,
): void {
  const others = template.variables.flatMap(({ name, default: standard }) => {
    const value = given[name] ?? standard;
    return name === missing.name || value === undefined || value === '' ? [] : [writeValue(name, value)];
  });
  const what = missing.description === undefined ? '' : `: ${missing.description}`;
  repl.notice(`${template.name} needs ${missing.name}${what}. Write it behind "${missing.name}=" and send.`);
  screen.edit(['/prompt', template.name, ...others, `${missing.name}=`].join(' '));
}

/** A value is the person's own text: files that it names come with it. The template's text is not looked at. */
async function withFiles(
  given: Readonly<Record<string, string>>,
  repl: Repl,
): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    const { text, notices } = mayAttach(value)
      ? await attachFiles(value, { isPlain: true })
      : { text: value, notices: [] };
    for (const notice of notices) repl.notice(notice);
    values[name] = text;
  }
  return values;
}

/** The variables that have no value yet, after what is typed. */
function variableSuggestions(template: PromptTemplate, argument: string): readonly Suggestion[] {
  const [, before = '', word = ''] = /^([\s\S]*\s)(\S*)$/.exec(argument) ?? [];
  if (word.includes('=')) return [];
  return template.variables
    .filter(({ name }) => !new RegExp(`\\s${name}=`).test(before))
    .map(({ name, default: standard, description }) => ({
      value: `${before}${name}=`,
      label: `${name}=`,
      detail: [description, standard === undefined ? 'needed' : `default: ${standard || 'nothing'}`]
        .filter(Boolean)
        .join('; '),
    }));
}

function list(): Promise<ListedTemplate[]> {
  return listTemplatesAt(process.cwd());
}

function describe({ description, role }: PromptTemplate): string {
  return role === 'system' ? `role · ${description}` : description;
}

function find(templates: readonly PromptTemplate[], name: string): PromptTemplate {
  const found = templates.find((template) => template.name === name);
  if (found) return found;
  throw new AppError('USAGE', `No prompt is called "${name}".`, {
    hint: `Known: ${templates.map((template) => template.name).join(', ')}.`,
  });
}

function usable(listed: readonly ListedTemplate[]): PromptTemplate[] {
  return listed.flatMap((entry) => ('template' in entry ? [entry.template] : []));
}
