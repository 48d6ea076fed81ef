import type { Command } from './command.ts';
import { findParameter, parameters } from './parameters.ts';

/** `/set`: shows or changes sampling parameters, the longest answer and the stop texts. */
export const setCommand: Command = {
  name: 'set',
  summary: 'show or change sampling, max-tokens, stop',
  usage: '[parameter] [value | default]',
  complete: () => parameters.map(({ name, summary }) => ({ value: `${name} `, detail: summary })),
  run(argument, repl) {
    const { session } = repl;
    if (argument === '') {
      const rows = parameters.map(
        ({ name, show }) => `${name.padEnd(20)}${show(session.settings) ?? 'default'}`,
      );
      return repl.notice(rows.join('\n'));
    }
    const [, name = '', value = ''] = /^(\S+)\s*([\s\S]*)$/.exec(argument) ?? [];
    const parameter = findParameter(name);
    if (value !== '')
      session.updateSettings(parameter.change(value === 'default' ? undefined : value, session.settings));
    repl.notice(
      `${parameter.name} is ${parameter.show(session.settings) ?? 'default'}. (${parameter.summary})`,
    );
  },
};
