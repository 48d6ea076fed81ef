import { sanitiseLine } from '../../chat/sanitise.ts';
import { AppError } from '../../errors.ts';
import type { Command } from './command.ts';

/** `/search`: finds words in all conversations, and goes on with the one chosen. */
export const searchCommand: Command = {
  name: 'search',
  summary: 'find words in all conversations',
  usage: '<words>',
  async run(argument, repl, screen) {
    if (argument === '') throw new AppError('USAGE', '/search needs words to look for.');
    const hits = repl.services.search(argument);
    if (hits.length === 0) return repl.notice(`No message holds "${argument}".`);
    const chosen = await screen.choose({
      title: 'Found',
      items: hits.map(({ conversation, excerpt }) => ({
        label: sanitiseLine(excerpt),
        detail: sanitiseLine(conversation.title),
        value: conversation.id,
      })),
    });
    if (chosen === undefined || chosen === repl.session.summary.id) return;
    await repl.open(await repl.services.openSession(chosen));
    repl.notice(`${sanitiseLine(repl.session.summary.title)}, with ${repl.session.engineId}:\n`);
    repl.showConversation();
  },
};
