import { AppError } from '../../errors.ts';
import type { Command } from './command.ts';

/** `/undo`: steps back before the last message, which comes into the editor; it stays as a branch. */
export const undoCommand: Command = {
  name: 'undo',
  summary: 'take the last message and its answer back',
  usage: '',
  run(_argument, repl, screen) {
    const text = repl.session.undo();
    if (text === undefined)
      throw new AppError('USAGE', 'There is no message to take back.', { hint: 'Send one first.' });
    repl.notice('The last message is taken back; /branch brings it and its answer again.');
    screen.edit(text);
  },
};
