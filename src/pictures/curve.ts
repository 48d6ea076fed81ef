import { describeCurve } from './describe.ts';
import { drawLines } from './lines.ts';
import type { Frame } from './page.ts';
import type { LossCurve, Picture } from './picture.ts';

/** Loss over steps, a line a split. */
export function drawCurve(curve: LossCurve, frame: Frame): Picture {
  const series = curve.series.map(({ name, points }) => ({
    name,
    points: points.map(({ step, loss }) => [step, loss] as const),
  }));
  return drawLines({ title: curve.title, description: describeCurve(curve), xLabel: 'step', series }, frame);
}
