import type { Command } from './command.ts';
import { look, show, splitSave } from './window.ts';

/** `/similarity`: which tokens have alike vectors. */
export const similarityCommand: Command = {
  name: 'similarity',
  summary: 'which tokens have alike vectors',
  usage: '[--save file.png|svg]',
  async run(argument, repl, screen) {
    const { save } = splitSave(argument);
    await show(await look(repl, { type: 'similarity' }), repl, screen, save);
  },
};
