import type { Command } from './command.ts';

/** `/system`: shows, sets or (`none`) removes the system prompt. */
export const systemCommand: Command = {
  name: 'system',
  summary: 'show or set the system prompt; `none` removes it',
  usage: '[text | none]',
  run(argument, repl) {
    const { session } = repl;
    if (argument !== '') session.updateSettings({ systemPrompt: argument === 'none' ? '' : argument });
    const { systemPrompt } = session.settings;
    repl.notice(systemPrompt === '' ? 'There is no system prompt.' : `System prompt: ${systemPrompt}`);
    if (systemPrompt !== '' && repl.kind === 'completion')
      repl.warn(`${session.engineId} goes on from a text: a system prompt has no effect on it.`);
  },
};
