import type { Command } from './command.ts';
import { look, show, splitSave } from './window.ts';

/** `/topology`: the parts of the model and what flows between them. */
export const topologyCommand: Command = {
  name: 'topology',
  summary: 'the parts of the model and what flows between them',
  usage: '[--save file.png|svg]',
  async run(argument, repl, screen) {
    const { save } = splitSave(argument);
    await show(await look(repl, { type: 'topology' }), repl, screen, save);
  },
};
