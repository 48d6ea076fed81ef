/** The options by which a prompt comes from a template, with variables and files. */
import { type Command, InvalidArgumentError } from 'commander';
import { readAttachment, withAttachments } from '../chat/attachments.ts';
import { fillTemplate, listTemplatesAt, type PromptTemplate } from '../chat/templates.ts';
import { AppError } from '../errors.ts';

export interface PromptOptions {
  readonly prompt?: string;
  readonly var: Readonly<Record<string, string>>;
  readonly attach: readonly string[];
}

export function addPromptOptions(command: Command): Command {
  return command
    .option(
      '-p, --prompt <name>',
      'a prompt template; the text given becomes the variable that has no value yet',
    )
    .option('--var <name=value>', 'a variable of the template; may be given again', variable, {})
    .option('--attach <file>', 'a text file that comes with the prompt; may be given again', file, []);
}

function file(name: string, before: readonly string[]): string[] {
  return [...before, name];
}

function variable(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const [, name, value] = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError(`Expected name=value, got "${text}".`);
  return { ...before, [name]: value };
}

/** @throws AppError USAGE with the known names; FILE_INVALID for the template itself. */
export async function findPrompt({
  prompt,
  var: values,
}: PromptOptions): Promise<PromptTemplate | undefined> {
  if (prompt === undefined) {
    if (Object.keys(values).length > 0) throw new AppError('USAGE', '--var needs --prompt.');
    return undefined;
  }
  const listed = await listTemplatesAt(process.cwd());
  const usable = listed.flatMap((entry) => ('template' in entry ? [entry.template] : []));
  const found = usable.find(({ name }) => name === prompt);
  if (found) return found;
  const broken = listed.find((entry) => 'error' in entry && entry.file.endsWith(`/${prompt}.md`));
  if (broken && 'error' in broken) throw broken.error;
  throw new AppError('USAGE', `No prompt is called "${prompt}".`, {
    hint: `Known: ${usable.map(({ name }) => name).join(', ')}.`,
  });
}

/** The variable that the text of the command line, a file or a pipe fills: the first that has no value. */
function openVariable(
  { variables }: PromptTemplate,
  values: Readonly<Record<string, string>>,
): string | undefined {
  return variables.find(
    ({ name, default: standard }) => standard === undefined && !Object.hasOwn(values, name),
  )?.name;
}

/** Whether a text besides the variables is needed. A role has its message beside it. */
export function needsText(template: PromptTemplate | undefined, { var: values }: PromptOptions): boolean {
  return template?.role !== 'user' || openVariable(template, values) !== undefined;
}

/**
 * The prompt, and the system prompt where the template is one or brings one.
 * @throws AppError USAGE for variables that are missing or unknown, and for a text that has no place.
 */
export function fillPrompt(
  template: PromptTemplate | undefined,
  { var: values }: PromptOptions,
  text: string,
): { readonly prompt: string; readonly systemPrompt?: string } {
  if (!template) return { prompt: text };
  if (template.role === 'system') return { prompt: text, systemPrompt: fillTemplate(template, values) };
  const open = openVariable(template, values);
  if (text !== '' && open === undefined)
    throw new AppError('USAGE', `The prompt "${template.name}" has no place for the text given.`, {
      hint: 'Give values with --var alone, or leave one out for the text to take.',
    });
  const prompt = fillTemplate(
    template,
    text === '' || open === undefined ? values : { ...values, [open]: text },
  );
  const { systemPrompt } = template.settings;
  return { prompt, ...(systemPrompt === undefined ? {} : { systemPrompt }) };
}

/**
 * The prompt with the files that `--attach` names; before it, as they are, for an engine that goes on from a text.
 * @throws AppError FILE_NOT_FOUND, FILE_INVALID.
 */
export async function attachTo(prompt: string, { attach }: PromptOptions, isPlain: boolean): Promise<string> {
  const files = await Promise.all(attach.map((file) => readAttachment(file, file)));
  return isPlain ? [...files.map(({ text }) => text), prompt].join('') : withAttachments(prompt, files);
}
