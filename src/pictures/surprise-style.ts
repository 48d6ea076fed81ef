import { type ColourDepth, styleOf } from './cells.ts';
import { palettes, readableOn, shade, type Theme, toRgb } from './palette.ts';
import { mostSurprising } from './surprise.ts';

/**
 * How a token looks in a terminal by its NLL in nats: on the same colours as the picture of surprise, in whole
 * nats. '' for tokens of less than half a nat, which are plain, and wherever there are no colours.
 */
export function surpriseStyle(nll: number, theme: Theme, depth: ColourDepth): string {
  const nats = Math.min(Math.round(nll), mostSurprising);
  if (!(nats > 0)) return '';
  const fill = shade(palettes[theme], nats / mostSurprising);
  return styleOf(toRgb(readableOn(fill)), toRgb(fill), depth);
}

/** Whole nats that have a colour of their own, for a legend. */
export const surpriseSteps: readonly number[] = Array.from({ length: mostSurprising }, (_, step) => step + 1);
