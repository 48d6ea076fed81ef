import type { EngineAddress, StoredMessage } from '../../chat/types.ts';
import { AppError } from '../../errors.ts';
import type { Repl } from '../repl.ts';

/** One of the answers that were compared last. */
export interface Contender {
  /** What the person names it by: `1`, or `a` in a blind comparison. */
  readonly label: string;
  readonly engine: Required<EngineAddress>;
  /** Undefined when the engine gave none. */
  readonly answer: StoredMessage | undefined;
}

/** The comparison that `/keep` and `/vote` mean. */
export interface Contest {
  readonly conversationId: string;
  readonly contenders: readonly Contender[];
  /** Whether the names are hidden until a vote. */
  readonly isBlind: boolean;
}

export function engineName({ engineId, modelId }: Required<EngineAddress>): string {
  return engineId === modelId ? engineId : `${engineId} ${modelId}`;
}

/** The comparison of the conversation that is open. @throws AppError USAGE when there is none. */
export function currentContest(repl: Repl, isBlind: boolean): Contest {
  const { contest } = repl;
  if (contest?.conversationId === repl.session.summary.id && contest.isBlind === isBlind) return contest;
  throw isBlind
    ? new AppError('USAGE', 'There is nothing to vote on.', {
        hint: '/ab sets two engines against each other.',
      })
    : contest?.isBlind
      ? new AppError('USAGE', 'The names are hidden until you vote.', {
          hint: '/vote a, /vote b or /vote tie.',
        })
      : new AppError('USAGE', 'There is no comparison to keep an answer of.', {
          hint: '/compare asks several engines the same.',
        });
}

/** Makes an answer the conversation's next one. The others stay as branches. */
export function keep(repl: Repl, { label, engine, answer }: Contender): void {
  if (!answer) throw new AppError('USAGE', `${label} gave no answer that could be kept.`);
  repl.session.checkout(answer.id);
  repl.notice(`The conversation goes on from ${engineName(engine)}’s answer; /branch shows the others.`);
}
