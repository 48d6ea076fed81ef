import type { InspectReport } from '../engines/engine.ts';
import { describeSurprise } from './describe.ts';
import { columnsOf, shorten, visibleToken } from './label.ts';
import { type Frame, Page } from './page.ts';
import { readableOn, shade } from './palette.ts';
import { column, type Picture, row } from './picture.ts';

type Surprise = Extract<InspectReport, { type: 'surprise' }>;

/** NLL, in nats, that gets the strongest colour: a probability of 0.25 %. */
export const mostSurprising = 6;

/** A text with every token coloured by how unlikely the model found it. */
export function drawSurprise(report: Surprise, frame: Frame): Picture {
  const page = new Page(`Surprise: ${report.meanNll.toFixed(3)} nats a token on average`, frame);
  const { palette } = page;
  page.y += row;
  let at = 0;
  for (const { text, nll } of report.tokens) {
    const token = shorten(visibleToken(text), page.columns);
    const wide = columnsOf(token);
    if (at + wide > page.columns) {
      at = 0;
      page.y += row;
    }
    const fill = shade(palette, nll / mostSurprising);
    page.block(at * column, page.y, wide * column, row, fill);
    page.text(at * column, page.y + row / 2, token, { colour: readableOn(fill) });
    at += wide;
    if (text.endsWith('\n')) {
      at = 0;
      page.y += row;
    }
  }
  page.y += (at > 0 ? 2 : 1) * row;
  drawLegend(page);
  return page.finish(describeSurprise(report));
}

function drawLegend(page: Page): void {
  for (let nats = 0; nats <= mostSurprising; nats++) {
    const fill = shade(page.palette, nats / mostSurprising);
    const x = nats * 3 * column;
    page.block(x, page.y, 3 * column, row, fill);
    page.text(x + column, page.y + row / 2, String(nats), { colour: readableOn(fill) });
  }
  page.text((mostSurprising * 3 + 4) * column, page.y + row / 2, 'nats or more');
  page.y += row;
}
