/** Pictures of what a model is and does: a report → a picture → SVG, PNG or a terminal's cells. */

export { drawBars } from './bars.ts';
export { colourDepthOf, themeOf, toCells } from './cells.ts';
export { describePicture } from './describe.ts';
export { drawReport } from './draw.ts';
export { type ImageProtocol, toInline } from './inline.ts';
export { visibleToken } from './label.ts';
export { drawLines } from './lines.ts';
export { readLossCurve } from './loss-curve.ts';
export { formatPercent } from './numbers.ts';
export { palettes, type Theme } from './palette.ts';
export type { LossCurve, Picture } from './picture.ts';
export { column } from './picture.ts';
export { toPng } from './png.ts';
export { savePicture } from './save.ts';
export { surpriseSteps, surpriseStyle } from './surprise-style.ts';
export { toSvg } from './svg.ts';
