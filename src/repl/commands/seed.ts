import type { Command } from './command.ts';
import { findParameter } from './parameters.ts';

/** `/seed`: the same seed gives the same text; without a number each answer has a fresh one. */
export const seedCommand: Command = {
  name: 'seed',
  summary: 'fix the seed; with no number, a fresh one each time',
  usage: '[number]',
  run(argument, repl) {
    const text = argument === '' || argument === 'default' ? undefined : argument;
    repl.session.updateSettings(findParameter('seed').change(text, repl.session.settings));
    repl.notice(text === undefined ? 'Each answer has a fresh seed.' : `Every answer has the seed ${text}.`);
  },
};
