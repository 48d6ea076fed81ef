import { describeCurve } from './describe.ts';
import { columnsOf, visibleLine } from './label.ts';
import { formatValue, ticks } from './numbers.ts';
import { type Frame, Page } from './page.ts';
import { column, type LossCurve, type Picture, row } from './picture.ts';

/** Loss over steps, a line a split. */
export function drawCurve(curve: LossCurve, frame: Frame): Picture {
  const page = new Page(curve.title, frame);
  const { palette } = page;
  const points = curve.series.flatMap((series) => series.points).filter(({ loss }) => Number.isFinite(loss));
  const colourOf = (i: number) => palette.series[i % palette.series.length]!;
  let x = 0;
  for (const [i, { name }] of curve.series.entries()) {
    const text = `━ ${visibleLine(name)}`;
    page.text(x, page.y + row / 2, text, { colour: colourOf(i) });
    x += (columnsOf(text) + 3) * column;
  }
  page.y += 2 * row;

  const losses = points.map(({ loss }) => loss);
  const low = losses.reduce((least, loss) => Math.min(least, loss), Number.POSITIVE_INFINITY);
  const high = losses.reduce((most, loss) => Math.max(most, loss), Number.NEGATIVE_INFINITY);
  const lastStep = points.reduce((most, { step }) => Math.max(most, step), 1);
  const lines = Math.min(Math.max(Math.round(page.width / 2 / row), 10), 28);
  const marks = points.length === 0 ? [] : ticks(low, high, lines / 4);
  const left = (Math.max(4, ...marks.map((mark) => columnsOf(formatValue(mark)))) + 2) * column;
  const right = page.width - column;
  const top = page.y;
  const bottom = top + lines * row;
  const toX = (step: number) => left + (step / lastStep) * (right - left);
  const toY = (loss: number) => bottom - ((loss - low) / (high - low || 1)) * (bottom - top);

  for (const mark of marks) {
    page.text(left - 2 * column, toY(mark), formatValue(mark), { anchor: 'end', colour: palette.faint });
    page.add(
      axis(
        [
          [left - column, toY(mark)],
          [left, toY(mark)],
        ],
        palette.faint,
      ),
    );
  }
  page.add(
    axis(
      [
        [left, top],
        [left, bottom],
        [right, bottom],
      ],
      palette.faint,
    ),
  );
  for (const step of ticks(0, lastStep, Math.max(2, page.columns / 20))) {
    const text = step.toLocaleString('en');
    const half = (columnsOf(text) * column) / 2;
    page.text(Math.min(toX(step), page.width - half), bottom + row, text, {
      anchor: 'middle',
      colour: palette.faint,
    });
  }
  page.text((left + right) / 2, bottom + 2 * row, 'step', { anchor: 'middle', colour: palette.faint });
  for (const [i, series] of curve.series.entries()) {
    const finite = series.points.filter(({ loss }) => Number.isFinite(loss));
    if (finite.length === 0) continue;
    page.add({
      type: 'line',
      points: finite.map(({ step, loss }) => [toX(step), toY(loss)] as const),
      colour: colourOf(i),
    });
  }
  page.y = bottom + 3 * row;
  return page.finish(describeCurve(curve));
}

function axis(points: readonly (readonly [number, number])[], colour: string) {
  return { type: 'line', points, colour, thickness: 1 } as const;
}
