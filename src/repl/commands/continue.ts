import type { Command } from './command.ts';

/** `/continue`: goes on from the words of the last answer, with whatever engine is chosen now. */
export const continueCommand: Command = {
  name: 'continue',
  summary: 'go on from the words of the last answer',
  usage: '',
  run: (_argument, repl) => repl.continueAnswer(),
};
