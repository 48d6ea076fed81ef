import type { Command } from './command.ts';

/** `/exit`: leaves; the conversation stays in the store. */
export const exitCommand: Command = {
  name: 'exit',
  summary: 'leave; the conversation is kept',
  usage: '',
  whileWriting: 'stop',
  run: (_argument, _repl, screen) => screen.exit(),
};
