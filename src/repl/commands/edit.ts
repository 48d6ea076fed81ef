import { AppError } from '../../errors.ts';
import type { Command } from './command.ts';

/** `/edit`: steps back before the last message and puts it into the editor. Nothing is lost: it is a branch. */
export const editCommand: Command = {
  name: 'edit',
  summary: 'take the last message back and change it',
  usage: '',
  run(_argument, repl, screen) {
    const text = repl.session.undo();
    if (text === undefined)
      throw new AppError('USAGE', 'There is no message to take back.', { hint: 'Send one first.' });
    repl.notice('The last message is taken back; its answer stays as a branch.');
    screen.edit(text);
  },
};
