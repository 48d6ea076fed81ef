import type { InspectReport } from '../engines/engine.ts';
import { describeGraph } from './describe.ts';
import { columnsOf, visibleLine, wrap } from './label.ts';
import { type Frame, Page } from './page.ts';
import { column, type Picture, row } from './picture.ts';

type Graph = Extract<InspectReport, { type: 'graph' }>;
type Node = Graph['nodes'][number];

/** Border and blank on either side of a box. */
const padding = 4;
const widestBox = 60;
const gapColumns = 2;
const arrowRows = 1;

interface Box {
  readonly lines: readonly string[];
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A model's parts as boxes from input to output, each below all that it reads from. */
export function drawTopology(report: Graph, frame: Frame): Picture {
  const page = new Page(report.title, frame);
  const ranks = ranksOf(report);
  const across = [...ranks.values()].reduce((counts, rank) => {
    counts[rank] = (counts[rank] ?? 0) + 1;
    return counts;
  }, [] as number[]);
  // A column at the right is left for edges that jump over boxes.
  const room = page.columns - gapColumns;
  const boxes = new Map<string, Box>();
  page.y += row;
  for (const [rank, count] of across.entries()) {
    const nodes = report.nodes.filter(({ id }) => ranks.get(id) === rank);
    const most = Math.min(Math.floor(room / count) - gapColumns - 1, widestBox) - padding;
    const texts = nodes.map((node) => linesOf(node, most));
    const height = (Math.max(...texts.map(({ length }) => length)) + 1) * row;
    let x = 0;
    for (const [i, node] of nodes.entries()) {
      // Boxes stand in the middle of their share; all corners and arrows are middles of cells.
      const share = Math.floor(room / count);
      const needed = Math.max(...texts[i]!.map(columnsOf)) + padding;
      const wide = needed % 2 === share % 2 ? needed : needed + 1;
      const left = x + Math.floor((share - wide) / 2);
      x += share;
      boxes.set(node.id, {
        lines: texts[i]!,
        x: (left + 0.5) * column,
        y: page.y + row / 2,
        width: (wide - 1) * column,
        height,
      });
    }
    page.y += height + row + arrowRows * row;
  }
  page.y -= arrowRows * row;
  for (const { from, to } of report.edges) {
    const jumps = ranks.get(to)! - ranks.get(from)! > 1;
    drawEdge(page, boxes.get(from)!, boxes.get(to)!, jumps);
  }
  for (const box of boxes.values()) drawBox(page, box);
  return page.finish(describeGraph(report));
}

function linesOf({ label, shape, parameterCount }: Node, columns: number): string[] {
  const size = parameterCount === undefined ? '' : `${parameterCount.toLocaleString('en')} parameters`;
  const under = [shape === undefined ? '' : visibleLine(shape), size].filter((part) => part !== '');
  return [label, under.join(' · ')]
    .filter((text) => text !== '')
    .flatMap((text) => wrap(visibleLine(text), columns));
}

/** How many parts lie before each: the longest way from an input. An edge back is not counted. */
function ranksOf({ nodes, edges }: Graph): Map<string, number> {
  const ranks = new Map(nodes.map(({ id }) => [id, 0]));
  // Each round settles one more rank; a circle ends with the rounds.
  for (let round = 1; round < nodes.length; round++) {
    let changed = false;
    for (const { from, to } of edges) {
      const rank = ranks.get(from)! + 1;
      if (rank > ranks.get(to)! && rank <= round) {
        ranks.set(to, rank);
        changed = true;
      }
    }
    if (!changed) break;
  }
  return ranks;
}

function drawEdge(page: Page, from: Box, to: Box, jumps: boolean): void {
  const colour = page.palette.faint;
  if (jumps) {
    const side = page.width - column / 2;
    const [start, end] = [from.y + from.height / 2, to.y + to.height / 2];
    page.add({
      type: 'line',
      points: [
        [from.x + from.width, start],
        [side, start],
        [side, end],
        [to.x + to.width, end],
      ],
      colour,
      thickness: 1,
    });
    return;
  }
  const middle = (box: Box) => (Math.floor((box.x + box.width / 2) / column) + 0.5) * column;
  const end = to.y - row;
  page.add({
    type: 'line',
    points: [
      [middle(from), from.y + from.height],
      [middle(to), end],
    ],
    colour,
    thickness: 1,
  });
  page.text(middle(to), end, '▼', { anchor: 'middle', colour });
}

function drawBox(page: Page, { lines, x, y, width, height }: Box): void {
  const { background, faint, ink } = page.palette;
  page.add({ type: 'rect', x, y, width, height, fill: background, stroke: faint });
  const first = y + (height - (lines.length - 1) * row) / 2;
  for (const [i, line] of lines.entries())
    page.text(x + width / 2, first + i * row, line, {
      anchor: 'middle',
      bold: i === 0,
      colour: ink,
    });
}
