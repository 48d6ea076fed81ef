import { sanitiseLine } from '../../chat/sanitise.ts';
import type { Command } from './command.ts';

/** `/save`: gives the conversation a name. Every word is stored as it comes; the name is to find it by. */
export const saveCommand: Command = {
  name: 'save',
  summary: 'name this conversation, to /load it by',
  usage: '[name]',
  run(argument, repl) {
    if (argument !== '') repl.session.rename(sanitiseLine(argument));
    const { title } = repl.session.summary;
    repl.notice(`Saved as "${title}". /load brings it back.`);
  },
};
