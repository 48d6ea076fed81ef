import type { Command } from './command.ts';
import { look, show, splitSave } from './window.ts';

/** `/weights`: histograms of every weight tensor. */
export const weightsCommand: Command = {
  name: 'weights',
  summary: 'histograms of every weight tensor',
  usage: '[--save file.png|svg]',
  async run(argument, repl, screen) {
    const { save } = splitSave(argument);
    await show(await look(repl, { type: 'weights' }), repl, screen, save);
  },
};
