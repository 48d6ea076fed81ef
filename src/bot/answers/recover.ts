import { safeError } from '../redact.ts';
import type { StoredAnswer } from '../store/types.ts';
import { type Answering, openDisplay } from './answering.ts';
import { finishedActions } from './buttons.ts';
import { passFilter } from './filter.ts';
import { renderAnswer } from './render.ts';

/** Apologises for answers that an earlier run left unfinished, once each; the words they had stay. */
export async function apologiseFor(answering: Answering, left: readonly StoredAnswer[]): Promise<void> {
  const { store, log, redact, filter } = answering;
  for (const answer of left) {
    try {
      const display = openDisplay(answering, answer.id, answer, answer.messageIds);
      // the edit gives the same picture however often it is made; only then is the answer closed
      await display.finish(
        renderAnswer({
          answerId: answer.id,
          kind: 'chat',
          text: await passFilter(filter, answer.text),
          footer: `${answer.engine} · sorry: the bot was restarted in the middle of this answer`,
          actions: finishedActions,
          finished: true,
        }),
      );
    } catch (error) {
      log.warn(
        { answer: answer.id, error: safeError(error, redact) },
        'an unfinished answer could not be reached',
      );
    }
    store.markInterrupted(answer.id);
  }
}
