/** One sentence a picture, with the numbers that matter: the alt text of a PNG, the `desc` of an SVG. */
import type { InspectReport } from '../engines/engine.ts';
import { visibleLine, visibleToken } from './label.ts';
import { formatPercent, formatValue } from './numbers.ts';
import type { LossCurve } from './picture.ts';
import { highest, momentsOf } from './statistics.ts';

type Report<Type extends InspectReport['type']> = Extract<InspectReport, { type: Type }>;

/** A sentence for any report. Text from the model is made visible, but not cut for any one place. */
export function describePicture(report: InspectReport | LossCurve): string {
  switch (report.type) {
    case 'matrix':
      return describeMatrix(report);
    case 'distribution':
      return describeDistribution(report);
    case 'surprise':
      return describeSurprise(report);
    case 'histogram':
      return describeHistogram(report);
    case 'graph':
      return describeGraph(report);
    case 'curve':
      return describeCurve(report);
    default:
      return report satisfies never;
  }
}

export function describeMatrix({
  title,
  rowLabels,
  columnLabels,
  values,
  cellLabels,
}: Report<'matrix'>): string {
  const size = `${rowLabels.length} rows by ${columnLabels.length} columns`;
  const most = highest(values);
  if (!most) return `${title}: empty.`;
  const rowLabel = quote(rowLabels[Math.floor(most.index / columnLabels.length)]!);
  const columnLabel = quote(columnLabels[most.index % columnLabels.length]!);
  const label = cellLabels?.[most.index];
  const says = label === undefined ? '' : `, labelled ${quote(label)}`;
  return visibleLine(
    `${title}: ${size}; the highest value, ${formatValue(most.value)}${says}, is in row ${rowLabel}, column ${columnLabel}.`,
  );
}

export function describeDistribution({ title, tokens }: Report<'distribution'>): string {
  if (tokens.length === 0) return visibleLine(`${title}: no candidates.`);
  const list = tokens
    .slice(0, 5)
    .map(({ text, probability }) => `${quote(text)} ${formatPercent(probability)}`)
    .join(', ');
  const sum = tokens.reduce((total, { probability }) => total + probability, 0);
  return visibleLine(`${title}: ${list}; the ${tokens.length} shown sum to ${formatPercent(sum)}.`);
}

export function describeSurprise({ tokens, meanNll }: Report<'surprise'>): string {
  const mean = `Surprise of ${tokens.length} tokens: ${meanNll.toFixed(3)} nats a token on average`;
  const most = tokens.reduce((max, token) => (max && max.nll >= token.nll ? max : token), tokens[0]);
  return most
    ? `${mean}; the most surprising is ${quote(most.text)} with ${formatValue(most.nll)}.`
    : `${mean}.`;
}

export function describeHistogram({ title, series }: Report<'histogram'>): string {
  const count = series.reduce((sum, { values }) => sum + values.length, 0);
  const low = series.reduce((least, { values }) => Math.min(least, momentsOf(values).low), 0);
  const high = series.reduce((most, { values }) => Math.max(most, momentsOf(values).high), 0);
  return visibleLine(
    `${title}: ${count.toLocaleString('en')} values in ${series.length} tensors, from ${formatValue(low)} to ${formatValue(high)}.`,
  );
}

export function describeGraph({ title, nodes }: Report<'graph'>): string {
  const sizes = nodes.map(({ parameterCount }) => parameterCount);
  const parameters = sizes.some((size) => size !== undefined)
    ? ` with ${sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0).toLocaleString('en')} parameters`
    : '';
  const names = nodes.map(({ label, shape }) => (shape === undefined ? label : `${label} ${shape}`));
  return visibleLine(`${title}: ${nodes.length} parts${parameters}, ${names.join(' → ')}.`);
}

export function describeCurve({ title, series }: LossCurve): string {
  const parts = series.flatMap(({ name, points }) => {
    const first = points[0];
    const last = points.at(-1);
    if (!first || !last) return [];
    const least = points.reduce((low, point) => (point.loss < low.loss ? point : low), first);
    return [
      `${name} from ${formatValue(first.loss)} to ${formatValue(last.loss)} at step ${last.step.toLocaleString('en')}, lowest ${least.loss.toFixed(4)}`,
    ];
  });
  return visibleLine(`${title}: ${parts.join('; ') || 'no losses yet'}.`);
}

function quote(token: string): string {
  return `“${visibleToken(token)}”`;
}
