import { sanitiseLine } from '../../chat/sanitise.ts';
import type { ConversationSummary } from '../../chat/types.ts';
import { AppError } from '../../errors.ts';
import type { Command } from './command.ts';

/** `/load`: a menu of earlier conversations, or the one named. It is shown as it was, and goes on. */
export const loadCommand: Command = {
  name: 'load',
  summary: 'go on with an earlier conversation',
  usage: '[name]',
  complete: (_argument, repl) =>
    repl.services.conversations().map((summary) => ({ value: title(summary), detail: describe(summary) })),
  async run(argument, repl, screen) {
    const list = repl.services.conversations().filter(({ messageCount }) => messageCount > 0);
    if (list.length === 0)
      throw new AppError('CONVERSATION_NOT_FOUND', 'There is no earlier conversation.', {
        hint: 'Every conversation is stored by itself: hold one first.',
      });
    const id = argument === '' ? await choose() : find(list, argument).id;
    if (id === undefined) return;
    const session = await repl.services.openSession(id);
    await repl.open(session);
    repl.notice(`${title(session.summary)}, with ${session.engineId}:\n`);
    repl.showConversation();

    function choose(): Promise<string | undefined> {
      return screen.choose({
        title: 'Conversation',
        items: list.map((summary) => ({
          label: title(summary),
          detail: describe(summary),
          value: summary.id,
        })),
      });
    }
  },
};

/** By id, whole name, or the beginning of a name that only one has. */
function find(list: readonly ConversationSummary[], wanted: string): ConversationSummary {
  const lower = wanted.toLowerCase();
  const exact = list.find((summary) => summary.id === wanted || title(summary).toLowerCase() === lower);
  if (exact) return exact;
  const starting = list.filter((summary) => title(summary).toLowerCase().startsWith(lower));
  if (starting.length === 1) return starting[0]!;
  throw new AppError(
    'CONVERSATION_NOT_FOUND',
    starting.length === 0
      ? `No conversation is called "${wanted}".`
      : `${starting.length} conversations begin with "${wanted}".`,
    { hint: '/load without a name lists them.' },
  );
}

function title(summary: ConversationSummary): string {
  return sanitiseLine(summary.title) || '(empty)';
}

function describe({ engineId, messageCount, updatedAt }: ConversationSummary): string {
  return `${engineId} · ${messageCount} messages · ${updatedAt.slice(0, 16).replace('T', ' ')}`;
}
