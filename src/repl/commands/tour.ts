import { AppError } from '../../errors.ts';
import type { Repl } from '../repl.ts';
import { tourSteps } from '../tour/steps.ts';
import { listSteps, walk } from '../tour/tour.ts';
import type { Command, Screen } from './command.ts';

/** `/tour`: a guided walk from counting letters to LLaMA. `run` runs a command's text, this one's included. */
export function tourCommand(run: (text: string, repl: Repl, screen: Screen) => Promise<void>): Command {
  return {
    name: 'tour',
    summary: 'a walk of ten minutes from counting letters to LLaMA',
    usage: '[step | list]',
    complete: () => [
      { value: 'list', detail: 'the steps' },
      ...tourSteps.map(({ title }, index) => ({ value: String(index + 1), detail: title })),
    ],
    async run(argument, repl, screen) {
      const kept = repl.services.tourStep();
      if (argument === 'list') return repl.notice(listSteps(kept ?? 0));
      const step = argument === '' ? Math.min(kept ?? 0, tourSteps.length - 1) : Number(argument) - 1;
      if (!tourSteps[step])
        throw new AppError('USAGE', `The tour has steps 1 to ${tourSteps.length}, not "${argument}".`, {
          hint: '/tour list shows them.',
        });
      await walk(repl, screen, step, async (line) => {
        try {
          if (!line.startsWith('/')) return await repl.send(line);
          repl.echo(line);
          await run(line, repl, screen);
        } catch (error) {
          repl.fail(error);
        }
      });
    },
  };
}
