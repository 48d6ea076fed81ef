import { randomInt } from 'node:crypto';
import type { VoteTally } from '../../chat/types.ts';
import { compare } from '../compare/comparison.ts';
import { type Contender, engineName } from '../compare/contest.ts';
import { completeEngines, readEngineList, requireCount } from '../compare/engine-list.ts';
import type { Repl } from '../repl.ts';
import { width } from '../terminal/cells.ts';
import type { Command } from './command.ts';
import { messageFor } from './compare.ts';
import { castVote, verdicts } from './vote.ts';

/** `/ab`: two answers without their engines' names, which are told after a vote; `/ab tally` shows all votes. */
export const abCommand: Command = {
  name: 'ab',
  summary: 'compare two engines without their names, and vote',
  usage: '<engine> <engine> [message] | tally',
  async complete(argument, repl) {
    const engines = await completeEngines(argument, repl);
    return argument.includes(' ') ? engines : [...engines, { value: 'tally', detail: 'all votes so far' }];
  },
  async run(argument, repl, screen) {
    if (argument === 'tally') return showTally(repl);
    const list = readEngineList(argument, await repl.services.listEngines());
    requireCount(list, 2, 2, '/ab bigram-count mlp em');
    const text = messageFor(list, repl);
    const engines = randomInt(2) === 0 ? list.engines : list.engines.toReversed();
    const answers = await compare(repl, screen, {
      ...(text === undefined ? {} : { text }),
      engines,
      titles: ['A', 'B'],
      hideFigures: true,
    });
    const contenders = engines.map(
      (engine, index): Contender => ({ label: 'ab'[index]!, engine, answer: answers[index] }),
    );
    if (contenders.some(({ answer }) => !answer)) {
      const names = contenders.map(({ label, engine }) => `${label.toUpperCase()} was ${engineName(engine)}`);
      return repl.notice(`${names.join(', ')}. Without both answers there is nothing to vote on.`);
    }
    repl.contest = { conversationId: repl.session.summary.id, contenders, isBlind: true };
    if (!screen.hasPanel || screen.isTyping)
      return repl.notice('/vote a, /vote b or /vote tie tells the names.');
    const verdict = await screen.choose({
      title: 'Better',
      items: verdicts.map((value) => ({ label: value === 'tie' ? 'tie' : value.toUpperCase(), value })),
    });
    if (verdict) castVote(repl, verdict);
    else repl.notice('/vote tells the names.');
  },
};

function showTally(repl: Repl): void {
  const tally = repl.services.tallyVotes();
  if (tally.length === 0) {
    repl.notice('There are no votes yet: /ab <engine> <engine> makes one.');
    return;
  }
  const rows = [
    ['engine', 'won', 'lost', 'tied', 'share'],
    ...tally.map((entry) => [
      engineName(entry),
      ...[entry.wins, entry.losses, entry.ties].map(String),
      share(entry),
    ]),
  ];
  const first = Math.max(...rows.map(([name = '']) => width(name)));
  const lines = rows.map(
    ([name = '', ...cells]) =>
      name + ' '.repeat(first - width(name)) + cells.map((cell) => cell.padStart(6)).join(''),
  );
  repl.notice(lines.join('\n'));
}

/** A tie is half a win. */
function share({ wins, losses, ties }: VoteTally): string {
  return `${Math.round((100 * (wins + ties / 2)) / (wins + losses + ties))}%`;
}
