/** What a person sees of a run on standard error: a live picture on a terminal, plain lines elsewhere. */
import type { WriteStream } from 'node:tty';
import stringWidth from 'string-width';
import { sanitise } from '../../chat/sanitise.ts';
import { drawChart } from '../../pictures/chart.ts';
import { formatDuration } from '../../pictures/numbers.ts';
import type { Progress, TrainingEvent } from '../../training/events.ts';

export interface TrainingView {
  show(event: TrainingEvent): void;
  /** Leaves the last picture standing. */
  end(): void;
}

type Output = Pick<WriteStream, 'write'> & { readonly isTTY?: boolean; readonly columns?: number };

export function createView(out: Output, env: NodeJS.ProcessEnv = process.env): TrainingView {
  return out.isTTY ? liveView(out, env) : plainView(out);
}

/** One line about where the run is. */
function describeProgress(progress: Progress): string {
  const {
    step,
    steps,
    epoch,
    trainLoss,
    learningRate,
    gradNorm,
    tokensPerSecond,
    utilisation,
    secondsLeft,
    rss,
  } = progress;
  return [
    steps === undefined ? `step ${step}` : `step ${step}/${steps}`,
    `epoch ${epoch.toFixed(2)}`,
    `loss ${trainLoss.toFixed(4)}`,
    `rate ${learningRate.toPrecision(3)}`,
    ...(gradNorm === undefined ? [] : [`norm ${gradNorm.toFixed(2)}`]),
    `${Math.round(tokensPerSecond).toLocaleString('en')} tokens/s`,
    ...(utilisation === undefined ? [] : [`${(utilisation * 100).toFixed(0)} % of matMul limit`]),
    `${formatDuration(secondsLeft)} left`,
    `${(rss / 2 ** 20).toFixed(0)} MB`,
  ].join('  ');
}

/** An event that is not progress, as lines that stay. */
function describeEvent(event: Exclude<TrainingEvent, { type: 'progress' }>): string {
  switch (event.type) {
    case 'ready': {
      const from = event.resumedAt > 0 ? `, going on at step ${event.resumedAt}` : '';
      return `${event.model}, recipe ${event.recipe}, ${event.parameterCount.toLocaleString('en')} parameters${from}\n`;
    }
    case 'notice':
      return `${sanitise(event.text)}\n`;
    case 'eval':
      return `step ${event.step}  ${event.split} loss ${event.valLoss.toFixed(4)}${event.best ? '  best so far' : ''}\n`;
    case 'sample': {
      const lines = sanitise(event.text).trim().split('\n').slice(0, 5);
      return lines.map((line) => `    ${line}\n`).join('');
    }
    case 'restarted':
      return event.why === 'memory'
        ? `memory had grown: going on in a fresh process at step ${event.step}\n`
        : `the training process crashed: going on at step ${event.step}\n`;
    case 'checkpoint':
    case 'snapshot':
      return '';
    default:
      return event satisfies never;
  }
}

/** Seconds between two progress lines where nothing can be redrawn. */
const plainSeconds = 10;

function plainView(out: Output): TrainingView {
  let last = -Infinity;
  return {
    show(event) {
      if (event.type !== 'progress') {
        out.write(describeEvent(event));
      } else if (performance.now() - last > plainSeconds * 1000) {
        last = performance.now();
        out.write(`${describeProgress(event)}\n`);
      }
    },
    end() {},
  };
}

const chartHeight = 8;

function liveView(out: Output, env: NodeJS.ProcessEnv): TrainingView {
  const colour = !env['NO_COLOR'];
  const paint = (code: number, text: string) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);
  const train: [number, number][] = [];
  const val: [number, number][] = [];
  let progress: Progress | undefined;
  let drawn = 0;

  const erase = () => {
    if (drawn > 0) out.write(`\x1b[${drawn}A\x1b[J`);
    drawn = 0;
  };
  const draw = () => {
    if (!progress) return;
    // One column stays free: a full line would wrap on some terminals, and the next erase would miss a row.
    const width = Math.max((out.columns ?? 80) - 1, 20);
    const chart = drawChart([{ points: train }, { points: val, mark: 'o' }], { width, height: chartHeight });
    const percent = `${(progress.progress * 100).toFixed(0).padStart(3)} %`;
    const cells = Math.max(width - percent.length - 1, 1);
    const filled = Math.round(progress.progress * cells);
    const bar = `${paint(36, '█'.repeat(filled))}${'░'.repeat(cells - filled)} ${percent}`;
    const legend = 'loss by step: dots train, o validation';
    const lines = [...chart, legend, ...wrap(describeProgress(progress), width), bar];
    out.write(lines.map((line) => `${line}\n`).join(''));
    drawn = lines.length;
  };

  return {
    show(event) {
      if (event.type === 'checkpoint' || event.type === 'snapshot') return;
      if (event.type === 'progress') {
        progress = event;
        train.push([event.step, event.trainLoss]);
        // Every other point goes when there are more than a chart can show.
        if (train.length > 2000)
          train.splice(0, train.length, ...train.filter((_, index) => index % 2 === 0));
      }
      if (event.type === 'eval') val.push([event.step, event.valLoss]);
      erase();
      if (event.type !== 'progress') out.write(describeEvent(event));
      draw();
    },
    end() {
      drawn = 0;
    },
  };
}

/** Breaks at the double spaces between the parts of a line. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const part of text.split('  ')) {
    const last = lines.at(-1);
    if (last !== undefined && stringWidth(`${last}  ${part}`) <= width)
      lines[lines.length - 1] = `${last}  ${part}`;
    else lines.push(part.slice(0, width));
  }
  return lines;
}
