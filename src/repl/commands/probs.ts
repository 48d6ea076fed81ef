import type { Command } from './command.ts';
import { look, show, splitSave, textSoFar } from './window.ts';

/** `/probs`: what may come next after the text so far, or after another text. */
export const probsCommand: Command = {
  name: 'probs',
  summary: 'what may come next, and how likely',
  usage: '[text] [--save file.png|svg]',
  async run(argument, repl, screen) {
    const { rest, save } = splitSave(argument);
    const prompt = rest === '' ? textSoFar(repl) : rest;
    await show(await look(repl, { type: 'next-token', prompt, top: 10 }), repl, screen, save);
  },
};
