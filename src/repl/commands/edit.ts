import { sanitiseLine } from '../../chat/sanitise.ts';
import type { StoredMessage } from '../../chat/types.ts';
import { AppError } from '../../errors.ts';
import type { Command } from './command.ts';

/**
 * `/edit`: a menu of the messages, the newest first; the chosen one is changed in the editor. A message of one's own
 * is answered again; an answer only gets its new words. Nothing is lost: it is a branch.
 */
export const editCommand: Command = {
  name: 'edit',
  summary: 'change an earlier message or answer, on a branch of its own',
  usage: '',
  async run(_argument, repl, screen) {
    const messages = repl.session.messages.toReversed();
    if (messages.length === 0)
      throw new AppError('USAGE', 'There is no message to change.', { hint: 'Send one first.' });
    const chosen = await screen.choose({
      title: 'Change',
      items: messages.map((message) => ({
        label: sanitiseLine(message.content.slice(0, 200)) || '(empty)',
        detail: speaker(message),
        value: message,
      })),
      selected: Math.max(
        0,
        messages.findIndex(({ role }) => role === 'user'),
      ),
    });
    if (!chosen) return;
    const changed = await screen.revise(
      chosen.content,
      `Enter ${chosen.role === 'user' ? 'asks again' : 'keeps the words'} on a new branch · Ctrl+X Ctrl+E $EDITOR · Esc leaves`,
    );
    if (changed === undefined || changed === chosen.content) return;
    await repl.edit(chosen, changed);
  },
};

function speaker({ role, engineId }: StoredMessage): string {
  return role === 'assistant' ? `answer of ${engineId ?? 'an engine'}` : role === 'user' ? 'yours' : 'system';
}
