import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../errors.ts';
import type { Command } from './command.ts';

/** More than any conversation; a wrong file is not read into memory. */
const mostBytes = 64_000_000;

/** `/import`: a conversation that was exported, as a new one that is opened here. */
export const importCommand: Command = {
  name: 'import',
  summary: 'open a conversation from a file that /export wrote',
  usage: '<file>',
  async run(argument, repl) {
    if (argument === '') throw new AppError('USAGE', '/import needs a file, .json or .md.');
    const text = await readConversationFile(argument);
    const session = await repl.services.openSession(repl.services.importConversation(text));
    await repl.open(session);
    repl.notice(`${session.summary.title}, with ${session.engineId}:\n`);
    repl.showConversation();
  },
};

/** The text of a file that may be a conversation. @throws AppError FILE_NOT_FOUND, FILE_INVALID */
export async function readConversationFile(name: string): Promise<string> {
  const file = path.resolve(name);
  try {
    const { size } = await stat(file);
    if (size > mostBytes)
      throw new AppError(
        'FILE_INVALID',
        `${file} has ${size} bytes; at most ${mostBytes} are read as a conversation.`,
      );
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new AppError(
      isMissing ? 'FILE_NOT_FOUND' : 'FILE_INVALID',
      isMissing ? `There is no file ${file}.` : `${file} cannot be read: ${(cause as Error).message}.`,
      { cause },
    );
  }
}
