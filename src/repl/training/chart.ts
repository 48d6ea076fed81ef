import { drawChart } from '../../pictures/chart.ts';
import { formatDuration } from '../../pictures/numbers.ts';
import { longCount, rate } from '../numbers.ts';
import type { Panel } from '../panel.ts';
import { truncate } from '../terminal/cells.ts';
import { paint, type Theme } from '../theme.ts';
import type { TrainingState } from './state.ts';

const mostRows = 10;
/** Fewer rows than this show no curve. */
const leastRows = 4;

/** The live curve above the editor: train and held-out loss by step, and where the run is. */
export function trainingPanel(state: TrainingState, theme: () => Theme): Panel {
  return {
    rows({ columns, most }) {
      const height = Math.min(most, mostRows);
      if (height < leastRows) return [];
      const dim = (text: string) => paint(theme(), 'dim', truncate(text, columns - 1));
      const chart = drawChart([{ points: state.train }, { points: state.val, mark: 'o' }], {
        width: columns - 1,
        height: height - 2,
      });
      const empty = Array<string>(height - 2 - chart.length).fill('');
      const title = `${state.model}: loss by step (dots training, o held out). /train chart closes`;
      return [dim(title), ...chart, ...empty, dim(describeTraining(state))];
    },
  };
}

/** One line about where a run is. */
export function describeTraining({ activity, progress, val }: TrainingState): string {
  if (!progress) return activity;
  const { step, steps, epoch, trainLoss, tokensPerSecond, secondsLeft } = progress;
  const last = val.at(-1);
  return [
    ...(activity === 'training' ? [] : [activity]),
    steps === undefined ? `step ${longCount(step)}` : `step ${longCount(step)}/${longCount(steps)}`,
    `epoch ${epoch.toFixed(1)}`,
    `loss ${trainLoss.toFixed(3)}`,
    ...(last ? [`held out ${last[1].toFixed(3)}`] : []),
    `${rate(tokensPerSecond)} tokens/s`,
    ...(activity === 'training' ? [`${formatDuration(secondsLeft)} left`] : []),
  ].join(' · ');
}

/** The same in a few words, for the status line; undefined when nothing trains. */
export function trainingStatus({ activity, model, progress }: TrainingState): string | undefined {
  switch (activity) {
    case 'starting':
      return `training ${model}`;
    case 'training':
    case 'stopping': {
      const percent = progress ? ` ${Math.floor(100 * progress.progress)}%` : '';
      return `${activity} ${model}${percent}`;
    }
    case 'stopped':
    case 'finished':
    case 'failed':
      return undefined;
    default:
      return activity satisfies never;
  }
}
