import type { Command } from './command.ts';

/** `/again`: another answer to the last message; the first stays as a branch. */
export const againCommand: Command = {
  name: 'again',
  summary: 'another answer to the last message',
  usage: '',
  run: (_argument, repl) => repl.regenerate(),
};
