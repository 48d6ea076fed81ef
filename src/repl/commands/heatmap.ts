import type { Command } from './command.ts';
import { look, show, splitSave } from './window.ts';

/** `/heatmap`: the table of a bigram model, or the nearest thing. */
export const heatmapCommand: Command = {
  name: 'heatmap',
  summary: 'the table of a bigram model, or the nearest thing',
  usage: '[--save file.png|svg]',
  async run(argument, repl, screen) {
    const { save } = splitSave(argument);
    await show(await look(repl, { type: 'heatmap' }), repl, screen, save);
  },
};
