import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { StoredMessage } from '../../chat/types.ts';
import { AppError } from '../../errors.ts';
import type { Command } from './command.ts';

/** `/export`: the conversation as Markdown, or as JSON when the file's name ends so. Never overwrites. */
export const exportCommand: Command = {
  name: 'export',
  summary: 'write the conversation to a .md or .json file',
  usage: '[file]',
  async run(argument, repl) {
    const { messages, summary } = repl.session;
    if (messages.length === 0) throw new AppError('USAGE', 'There is nothing to export yet.');
    const name = argument || `${fileName(summary.title)}.md`;
    const text = name.endsWith('.json')
      ? `${JSON.stringify({ ...summary, messages }, undefined, 2)}\n`
      : toMarkdown(summary.title, messages);
    const file = path.resolve(name);
    try {
      await writeFile(file, text, { flag: 'wx', mode: 0o600 });
    } catch (cause) {
      const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST';
      throw new AppError(
        'USAGE',
        exists ? `${file} exists already.` : `${file} cannot be written: ${(cause as Error).message}.`,
        { hint: 'Name another file: /export <file>.', cause },
      );
    }
    repl.notice(`${messages.length} messages written to ${file}.`);
  },
};

function toMarkdown(title: string, messages: readonly StoredMessage[]): string {
  const parts = messages.map(({ role, content, engineId }) => {
    const who = role === 'assistant' ? (engineId ?? 'assistant') : role === 'user' ? 'you' : 'system';
    return `## ${who}\n\n${content}`;
  });
  return `# ${title}\n\n${parts.join('\n\n')}\n`;
}

/** A name that every file system takes. */
function fileName(title: string): string {
  return (
    title
      .replaceAll(/[^\p{L}\p{N} _-]+/gu, '')
      .trim()
      .slice(0, 60) || 'conversation'
  );
}
