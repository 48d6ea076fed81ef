import type { InspectReport } from '../engines/engine.ts';
import { drawCurve } from './curve.ts';
import { drawDistribution } from './distribution.ts';
import { drawHeatMap } from './heat-map.ts';
import { drawHistogram } from './histogram.ts';
import { palettes, type Theme } from './palette.ts';
import type { LossCurve, Picture } from './picture.ts';
import { drawSurprise } from './surprise.ts';
import { drawTopology } from './topology.ts';

export interface DrawOptions {
  /**
   * Units the picture should be wide (8 a character); default 960. It is wider where a matrix has more
   * columns than that has room for.
   */
  readonly width?: number;
  /** Default `light`. */
  readonly theme?: Theme;
}

/** Draws what an engine told of itself, or a training run's losses. */
export function drawReport(report: InspectReport | LossCurve, options: DrawOptions = {}): Picture {
  const frame = { width: options.width ?? 960, palette: palettes[options.theme ?? 'light'] };
  switch (report.type) {
    case 'matrix':
      return drawHeatMap(report, frame);
    case 'distribution':
      return drawDistribution(report, frame);
    case 'surprise':
      return drawSurprise(report, frame);
    case 'histogram':
      return drawHistogram(report, frame);
    case 'graph':
      return drawTopology(report, frame);
    case 'curve':
      return drawCurve(report, frame);
    default:
      return report satisfies never;
  }
}
