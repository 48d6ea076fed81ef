import { graphemes, width } from './cells.ts';

/** One grapheme on the screen with the style it is drawn in (SGR sequences, '' for none). */
export interface Cell {
  readonly text: string;
  readonly columns: number;
  readonly style: string;
}

const sgr = /\x1b\[([\d;]*)m/g;

// Which attribute a code belongs to, and so which earlier code it replaces.
function attribute(code: number): string {
  if (code === 38 || (code >= 30 && code <= 39) || (code >= 90 && code <= 97)) return 'foreground';
  if (code === 48 || (code >= 40 && code <= 49) || (code >= 100 && code <= 107)) return 'background';
  if (code === 1 || code === 2) return code === 1 ? 'bold' : 'dim';
  return String(code >= 20 ? code - 20 : code);
}

function apply(attributes: Map<string, string>, parameters: string): void {
  const codes = parameters === '' ? [0] : parameters.split(';').map(Number);
  const first = codes[0]!;
  if (first === 0) attributes.clear();
  else if (first === 22) {
    attributes.delete('bold');
    attributes.delete('dim');
  } else if (first === 39 || first === 49 || (first >= 23 && first <= 29))
    attributes.delete(attribute(first));
  else attributes.set(attribute(first), `\x1b[${parameters}m`);
}

/** Splits a line styled with SGR sequences, as Ink draws it, into cells. */
export function toCells(line: string): Cell[] {
  const cells: Cell[] = [];
  const attributes = new Map<string, string>();
  let style = '';
  let from = 0;
  const addText = (text: string) => {
    for (const grapheme of graphemes(text)) cells.push({ text: grapheme, columns: width(grapheme), style });
  };
  for (const match of line.matchAll(sgr)) {
    addText(line.slice(from, match.index));
    from = match.index + match[0].length;
    apply(attributes, match[1]!);
    style = [...attributes.values()].join('');
  }
  addText(line.slice(from));
  return cells;
}

/** The bytes that draw these cells and leave the terminal without a style. */
export function fromCells(cells: readonly Cell[]): string {
  let out = '';
  let style = '';
  for (const cell of cells) {
    if (cell.style !== style) {
      out += (style === '' ? '' : '\x1b[0m') + cell.style;
      style = cell.style;
    }
    out += cell.text;
  }
  return style === '' ? out : `${out}\x1b[0m`;
}
