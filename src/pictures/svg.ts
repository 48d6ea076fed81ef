import { column, type Line, type Mark, type Picture, type Rect, row, type Text } from './picture.ts';

/** DejaVu Sans Mono is 0.602 em wide: so many pixels give a character its column. */
const fontSize = 13.29;
const smallFontSize = 8.3;
/** From a line's middle down to its baseline. */
const baseline = 0.35;
/** Around the picture in a file, in units. */
export const margin = 2 * column;

/** The picture as an SVG document. All text is escaped: labels come from models. */
export function toSvg({ title, description, width, height, background, marks }: Picture): string {
  const wide = width + 2 * margin;
  const high = height + 2 * margin;
  const body = marks.map(draw).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${wide}" height="${high}" viewBox="0 0 ${wide} ${high}" font-family="'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="${fontSize}" role="img">
<title>${escapeXml(title)}</title>
<desc>${escapeXml(description)}</desc>
<rect width="${wide}" height="${high}" fill="${background}"/>
<g transform="translate(${margin} ${margin})">
${body}
</g>
</svg>
`;
}

function draw(mark: Mark): string {
  switch (mark.type) {
    case 'rect':
      return drawRect(mark);
    case 'line':
      return drawLine(mark);
    case 'text':
      return drawText(mark);
    default:
      return mark satisfies never;
  }
}

function drawRect({ x, y, width, height, fill, stroke }: Rect): string {
  const border = stroke === undefined ? '' : ` stroke="${stroke}" rx="${row / 4}"`;
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${fill}"${border}/>`;
}

function drawLine({ points, colour, thickness = 2 }: Line): string {
  const path = points.map(([x, y]) => `${round(x)},${round(y)}`).join(' ');
  return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="${thickness}" stroke-linejoin="round"/>`;
}

function drawText({ x, y, text, colour, anchor = 'start', small = false, bold = false }: Text): string {
  const size = small ? smallFontSize : fontSize;
  const look =
    (anchor === 'start' ? '' : ` text-anchor="${anchor}"`) +
    (small ? ` font-size="${size}"` : '') +
    (bold ? ' font-weight="bold"' : '');
  return `<text x="${round(x)}" y="${round(y + size * baseline)}" fill="${colour}"${look} xml:space="preserve">${escapeXml(text)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes markup, and replaces what XML 1.0 does not allow at all. */
function escapeXml(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => entities[character]!)
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd');
}
