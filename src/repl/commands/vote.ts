import { AppError } from '../../errors.ts';
import { currentContest, engineName, keep } from '../compare/contest.ts';
import type { Repl } from '../repl.ts';
import type { Command } from './command.ts';

type Verdict = 'a' | 'b' | 'tie';

export const verdicts: readonly Verdict[] = ['a', 'b', 'tie'];

/** `/vote`: says which of two answers without names was better, and is told the names. */
export const voteCommand: Command = {
  name: 'vote',
  summary: 'say which answer of /ab was better',
  usage: 'a|b|tie',
  complete: () => verdicts.map((value) => ({ value })),
  run(argument, repl) {
    currentContest(repl, true);
    const verdict = verdicts.find((value) => value === argument.toLowerCase());
    if (!verdict) throw new AppError('USAGE', `A vote is a, b or tie, not “${argument}”.`);
    castVote(repl, verdict);
  },
};

/** Keeps the vote, tells the names, and goes on from the better answer. */
export function castVote(repl: Repl, verdict: Verdict): void {
  const { contenders, ...contest } = currentContest(repl, true);
  const [first, second] = contenders as [(typeof contenders)[0], (typeof contenders)[0]];
  const winner = ({ a: 'first', b: 'second', tie: 'tie' } as const)[verdict];
  repl.services.addVote({ first: first.engine, second: second.engine, winner });
  // The names are no secret now: /keep may take either.
  repl.contest = {
    ...contest,
    contenders: contenders.map((contender, index) => ({ ...contender, label: String(index + 1) })),
    isBlind: false,
  };
  repl.notice(
    `A was ${engineName(first.engine)}, B was ${engineName(second.engine)}. /ab tally shows all votes.`,
  );
  if (verdict !== 'tie') keep(repl, verdict === 'a' ? first : second);
}
