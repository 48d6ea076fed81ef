import type { Command } from './command.ts';

/** `/clear`: a new conversation with the same engine and settings. The old one stays in the store. */
export const clearCommand: Command = {
  name: 'clear',
  summary: 'begin a new conversation; /load brings this one back',
  usage: '',
  async run(_argument, repl) {
    const { engineId, modelId, settings } = repl.session;
    const session = await repl.services.createSession(engineId, modelId);
    session.updateSettings(settings);
    await repl.open(session);
    repl.notice('A new conversation. /load brings the last one back.');
  },
};
