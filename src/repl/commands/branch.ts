import { sanitiseLine } from '../../chat/sanitise.ts';
import { AppError } from '../../errors.ts';
import type { Command } from './command.ts';

/** `/branch`: every other way this conversation has gone, to go on from there. */
export const branchCommand: Command = {
  name: 'branch',
  summary: 'list the other answers and wordings, and switch to one',
  usage: '',
  async run(_argument, repl, screen) {
    const { session } = repl;
    const current = new Set(session.messages.map(({ id }) => id));
    const items = session.forks().flatMap((fork) =>
      fork.map(({ id, role, content, engineId }) => ({
        label: `${current.has(id) ? '●' : '○'} ${sanitiseLine(content.slice(0, 200)) || '(empty)'}`,
        detail: role === 'assistant' ? `answer of ${engineId ?? 'an engine'}` : 'yours',
        value: id,
      })),
    );
    if (items.length === 0)
      throw new AppError('USAGE', 'This conversation has no branches.', {
        hint: '/again, /edit, /undo and /compare make some.',
      });
    const chosen = await screen.choose({ title: 'Branch', items });
    if (chosen === undefined || current.has(chosen)) return;
    session.checkout(chosen);
    repl.notice('The conversation on this branch:\n');
    repl.showConversation();
  },
};
