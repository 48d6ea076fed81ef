import { AppError } from '../../errors.ts';
import { currentContest, keep } from '../compare/contest.ts';
import type { Command } from './command.ts';

/** `/keep`: goes on from one of the answers of the last comparison. */
export const keepCommand: Command = {
  name: 'keep',
  summary: 'go on from one of the answers compared last',
  usage: '<number>',
  complete: (_argument, repl) =>
    repl.contest?.isBlind
      ? []
      : (repl.contest?.contenders ?? []).map(({ label, engine }) => ({
          value: label,
          detail: engine.engineId,
        })),
  run(argument, repl) {
    const { contenders } = currentContest(repl, false);
    const chosen = contenders.find(({ label }) => label === argument);
    if (!chosen)
      throw new AppError('USAGE', `/keep takes a number from 1 to ${contenders.length}, not “${argument}”.`);
    keep(repl, chosen);
  },
};
