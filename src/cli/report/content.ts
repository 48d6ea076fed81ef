/** What the report says and shows, before it becomes HTML or Markdown. Text from models is cleaned here. */
import { sanitise, sanitiseLine } from '../../chat/sanitise.ts';
import { drawBars, drawLines, type Picture, palettes } from '../../pictures/index.ts';
import type { Measured } from '../../training/report/measure.ts';
import type { Split } from '../../training/task.ts';
import type { Report, ReportEntry, ReportSection } from './collect.ts';

export interface SectionContent {
  readonly id: string;
  readonly title: string;
  readonly intro: string;
  readonly heading: readonly string[];
  /** The best first. */
  readonly rows: readonly (readonly string[])[];
  readonly pictures: readonly { readonly id: string; readonly picture: Picture; readonly caption: string }[];
  readonly samples: readonly { readonly name: string; readonly text: string }[];
  readonly problems: readonly string[];
}

export interface ReportContent {
  readonly title: string;
  readonly meta: string;
  readonly sections: readonly SectionContent[];
  readonly notes: readonly string[];
}

const titles = { names: 'Names', shakespeare: 'Tiny Shakespeare' } as const;
const intros = {
  names:
    'names.txt, cut by names: 80 % train, 10 % val, 10 % test. What ships was chosen by val; test was looked at once.',
  shakespeare: 'The first 90 % of the characters train, the rest val. There is no third split.',
} as const;

export function describeReport(report: Report): ReportContent {
  const part =
    report.limit === undefined
      ? 'whole splits'
      : `the first ${report.limit.toLocaleString('en')} predictions of each split (a quick look)`;
  return {
    title: 'babble: models side by side',
    meta: `${report.createdAt.slice(0, 10)} · ${sanitiseLine(report.machine)} · ${part} · samples at seed ${report.seed}`,
    sections: report.sections.map(describeSection),
    notes: [
      'Loss: mean negative log-likelihood in nats a token, plus or minus its standard error over names or windows.',
      'n-grams are interpolated modified Kneser–Ney, counted on the train split; their size is the number of n-grams stored. A network that does not pass the best of them has learnt no more than counts tell. An n-gram reads on across the windows in which a network reads.',
      'Calibration error: how far, on average, a model’s confidence in its likeliest token is from how often that token comes.',
      'Characters a second: one text after the other, on the machine above with whatever else it did.',
      '† saw the held-out names in training, as in the lecture.',
    ],
  };
}

function describeSection(section: ReportSection): SectionContent {
  const { dataset, splits, entries, bestOrder } = section;
  const last = splits.at(-1)!;
  const measured = entries.filter((entry) => entry.losses[last]);
  return {
    id: dataset,
    title: titles[dataset],
    intro: intros[dataset],
    heading: [
      'model',
      'kind',
      'size',
      'file',
      ...splits.map((split) => `${split} loss`),
      'right',
      'calibration error',
      'characters/s',
    ],
    rows: measured.map((entry) => rowOf(entry, splits)),
    pictures: picturesOf(section, measured, last),
    samples: measured
      .filter(({ kind, name }) => kind !== 'n-gram' || name === `${bestOrder}-gram`)
      .map(({ name, samples }) => ({ name: sanitiseLine(name), text: sanitise(samples.join('\n')).trim() })),
    problems: entries.flatMap(({ name, error }) =>
      error === undefined ? [] : [sanitiseLine(`${name}: not measured. ${error}`)],
    ),
  };
}

function rowOf(entry: ReportEntry, splits: readonly Split[]): string[] {
  const { accuracy, calibrationError } = entry.losses[splits.at(-1)!]!;
  const loss = ({ loss: mean, standardError }: Measured) =>
    `${mean.toFixed(4)} ± ${standardError.toFixed(4)}`;
  const percent = (part: number) => `${(part * 100).toFixed(1)} %`;
  return [
    sanitiseLine(entry.name) + (entry.trainedOnAll ? ' †' : ''),
    entry.kind,
    entry.parameters.toLocaleString('en'),
    entry.bytes === undefined ? '–' : formatBytes(entry.bytes),
    ...splits.map((split) => loss(entry.losses[split]!)),
    percent(accuracy),
    percent(calibrationError),
    entry.charactersPerSecond === undefined
      ? '–'
      : Number(entry.charactersPerSecond.toPrecision(2)).toLocaleString('en'),
  ];
}

function formatBytes(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

const frame = { width: 880, palette: palettes.light };
const groups = { shipped: 0, own: 2, 'n-gram': 1 } as const;
/** More lines than the palette has colours cannot be told apart. */
const mostLines = palettes.light.series.length;

function picturesOf(
  { dataset, bestOrder }: ReportSection,
  measured: readonly ReportEntry[],
  split: Split,
): SectionContent['pictures'] {
  const name = titles[dataset];
  // Of the n-grams the best one, which they all have to pass.
  const lines = measured
    .filter((entry) => entry.kind !== 'n-gram' || entry.name === `${bestOrder}-gram`)
    .slice(0, mostLines);
  const lineOf = (points: (found: Measured) => readonly (readonly [number, number])[]) =>
    lines.map((entry) => ({ name: entry.name, points: points(entry.losses[split]!) }));
  const [best] = measured;
  const says = best ? `The lowest is ${best.name} with ${best.losses[split]!.loss.toFixed(4)}.` : '';
  return [
    {
      id: `${dataset}-loss`,
      caption: 'Blue: shipped models; violet: models of your own; orange: n-grams.',
      picture: drawBars(
        {
          title: `${name}: ${split} loss, nats a token`,
          description: `Loss of ${measured.length} models. ${says}`,
          bars: measured.map((entry) => {
            const { loss } = entry.losses[split]!;
            return { name: entry.name, value: loss, label: loss.toFixed(4), group: groups[entry.kind] };
          }),
        },
        frame,
      ),
    },
    {
      id: `${dataset}-position`,
      caption: 'A model that uses what it has read gets better with every character.',
      picture: drawLines(
        {
          title: `${name}: ${split} loss by position`,
          description: `Loss by the number of tokens read, for ${lines.map((entry) => entry.name).join(', ')}.`,
          xLabel: dataset === 'names' ? 'letters of the name read' : 'characters of the window read',
          series: lineOf(positionPoints),
        },
        frame,
      ),
    },
    {
      id: `${dataset}-calibration`,
      caption: 'On the thin line a model is right as often as it is sure; below it, it is too sure.',
      picture: drawLines(
        {
          title: `${name}: how often the likeliest token comes (up), by how sure the model is (right)`,
          description: `Calibration on ${split}: ${lines
            .map((e) => `${e.name} ${(e.losses[split]!.calibrationError * 100).toFixed(1)} % off`)
            .join(', ')}.`,
          xLabel: 'probability of the likeliest token',
          xMost: 1,
          yRange: [0, 1],
          diagonal: true,
          series: lineOf(({ reliability }) =>
            reliability
              .filter(({ count }) => count >= fewest)
              .map(({ confidence, accuracy }) => [confidence, accuracy] as const),
          ),
        },
        frame,
      ),
    },
  ];
}

/** A mean of fewer predictions is noise. */
const fewest = 30;
/** Single positions up to here, then means over as many. */
const singlePositions = 8;

function positionPoints({ byPosition }: Measured): (readonly [number, number])[] {
  const steady = byPosition.filter(({ count }) => count >= fewest);
  const few = steady.length <= 2 * singlePositions;
  const groupOf = (position: number) =>
    few || position < singlePositions ? position : singlePositions * Math.floor(position / singlePositions);
  return [...Map.groupBy(steady, ({ position }) => groupOf(position)).values()].map((group) => {
    const count = group.reduce((sum, at) => sum + at.count, 0);
    const mean = (key: 'position' | 'loss') => group.reduce((sum, at) => sum + at[key] * at.count, 0) / count;
    return [mean('position'), mean('loss')] as const;
  });
}
