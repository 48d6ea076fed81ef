import { sanitiseLine } from '../../chat/sanitise.ts';
import { AppError } from '../../errors.ts';
import type { Command } from './command.ts';

/** `/branch`: the other answers and wordings of this conversation, to go on from one of them. */
export const branchCommand: Command = {
  name: 'branch',
  summary: 'switch to another answer or wording',
  usage: '',
  async run(_argument, repl, screen) {
    const { session } = repl;
    const current = new Set(session.messages.map(({ id }) => id));
    const forks = session.messages.map(({ id }) => session.branches(id)).filter(({ length }) => length > 1);
    if (forks.length === 0)
      throw new AppError('USAGE', 'This conversation has no branches.', {
        hint: '/again and /edit make one.',
      });
    const items = forks.flat().map(({ id, role, content, engineId }) => ({
      label: `${current.has(id) ? '●' : '○'} ${sanitiseLine(content).slice(0, 60) || '(empty)'}`,
      detail: role === 'assistant' ? `answer of ${engineId ?? 'an engine'}` : 'yours',
      value: id,
    }));
    const chosen = await screen.choose({ title: 'Branch', items });
    if (chosen === undefined || current.has(chosen)) return;
    session.checkout(chosen);
    repl.notice('The conversation on this branch:\n');
    repl.showConversation();
  },
};
