import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { exportConversation } from '../../chat/transcript.ts';
import { AppError } from '../../errors.ts';
import type { Command } from './command.ts';

/**
 * `/export`: the conversation that is shown as Markdown, or all its branches as JSON when the file's name ends so.
 * `/import` reads both back. Never overwrites.
 */
export const exportCommand: Command = {
  name: 'export',
  summary: 'write the conversation to a file: .md, or .json with all branches',
  usage: '[file]',
  async run(argument, repl) {
    const { conversation, messages, summary } = repl.session;
    if (conversation.messages.length === 0) throw new AppError('USAGE', 'There is nothing to export yet.');
    const name = argument || `${fileName(summary.title)}.md`;
    const isJson = name.toLowerCase().endsWith('.json');
    const file = path.resolve(name);
    try {
      const text = exportConversation(conversation, isJson ? 'json' : 'markdown');
      await writeFile(file, text, { flag: 'wx', mode: 0o600 });
    } catch (cause) {
      const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST';
      throw new AppError(
        'USAGE',
        exists ? `${file} exists already.` : `${file} cannot be written: ${(cause as Error).message}.`,
        { hint: 'Name another file: /export <file>.', cause },
      );
    }
    const count = isJson ? conversation.messages.length : messages.length;
    repl.notice(`${count} ${count === 1 ? 'message' : 'messages'} written to ${file}.`);
  },
};

/** A name that every file system takes. */
function fileName(title: string): string {
  return (
    title
      .replaceAll(/[^\p{L}\p{N} _-]+/gu, '')
      .trim()
      .slice(0, 60) || 'conversation'
  );
}
