import path from 'node:path';
import { enginesWith } from '../../engines/registry.ts';
import { AppError } from '../../errors.ts';
import type { Repl } from '../repl.ts';
import { describeTraining } from '../training/chart.ts';
import { isUnderWay } from '../training/state.ts';
import { handleOf } from '../training/trainings.ts';
import type { Command, Screen } from './command.ts';
import { hyperOf, numberFlag, type Parsed, parseFlags } from './flags.ts';

const actions: Readonly<Record<string, string>> = {
  stop: 'stop the run after a checkpoint',
  resume: 'go on with the newest run, or the one named',
  status: 'how far the run is',
  chart: 'open or close the live curve',
};

/** `/train`: trains a model behind the conversation. */
export const trainCommand: Command = {
  name: 'train',
  summary: 'train a model in the background; stop, resume, status, chart',
  usage:
    '<model> [--steps n | --minutes n] [--recipe r] [--data file] [name=value] | stop | resume | status | chart',
  complete: () => [
    ...Object.entries(actions).map(([value, detail]) => ({ value, detail })),
    ...enginesWith('weights').map((value) => ({ value: `${value} `, detail: 'train it' })),
  ],
  async run(argument, repl, screen) {
    const { trainings } = repl;
    const parsed = parseFlags(argument, ['steps', 'minutes', 'recipe', 'seed', 'data'], []);
    const [first, ...rest] = parsed.words;
    switch (first) {
      case undefined:
      case 'status':
        return repl.notice(describeStatus(repl));
      case 'stop':
        if (!trainings.stop()) throw new AppError('USAGE', 'Nothing is being trained.');
        return;
      case 'chart':
        if (!isUnderWay(trainings.state.get())) throw new AppError('USAGE', 'Nothing is being trained.');
        return trainings.toggleChart();
      case 'resume': {
        trainings.checkIdle();
        const { findTraining } = await import('../../training/studio.ts');
        const stopped = trainings.state.get();
        const run = await findTraining(rest[0] ?? stopped?.id);
        return announce(run, repl, screen);
      }
      default: {
        trainings.checkIdle();
        const { createTraining } = await import('../../training/studio.ts');
        return announce(await createTraining(first, requestOf(parsed, rest)), repl, screen);
      }
    }
  },
};

/** Begins a run and says how to handle it. */
export function announce(run: Parameters<Repl['trainings']['begin']>[0], repl: Repl, screen: Screen): void {
  repl.trainings.begin(run, { chart: screen.hasPanel });
  repl.notice(
    `Training ${run.model} in the background. /engine ${handleOf(run)} talks to it as it is; /train stop stops it.`,
  );
}

/** What /train and /finetune have in common. */
export function budgetOf(parsed: Parsed, hyper: readonly string[]) {
  const [steps, minutes, seed] = [
    numberFlag(parsed, 'steps', 1),
    numberFlag(parsed, 'minutes', 0.001),
    numberFlag(parsed, 'seed', 0),
  ];
  return {
    ...(steps === undefined ? {} : { steps }),
    ...(minutes === undefined ? {} : { minutes }),
    ...(seed === undefined ? {} : { seed }),
    hyper: hyperOf(hyper),
    // The conversation is the place for words.
    samples: false,
  };
}

function requestOf(parsed: Parsed, hyper: readonly string[]) {
  const [wanted, data] = [parsed.flags.get('recipe'), parsed.flags.get('data')];
  const recipe = (['classic', 'best'] as const).find((name) => name === wanted);
  if (wanted !== recipe) {
    throw new AppError('INVALID_SETTING', `The recipes are classic and best, not "${wanted}".`);
  }
  return {
    ...budgetOf(parsed, hyper),
    ...(recipe === undefined ? {} : { recipe }),
    ...(data === undefined ? {} : { dataFile: path.resolve(data) }),
  };
}

function describeStatus(repl: Repl): string {
  const state = repl.trainings.state.get();
  if (!state)
    return 'Nothing is being trained. /train mlp begins; /finetune mlp --on names.txt takes a text of yours.';
  return `${state.model}, run ${state.id}\n${describeTraining(state)}`;
}
