import xterm from '@xterm/headless';

/** The 16 colours of a terminal with a dark background, as hex. */
const palette = [
  '#1c1f26',
  '#e06c75',
  '#98c379',
  '#e5c07b',
  '#61afef',
  '#c678dd',
  '#56b6c2',
  '#c8ccd4',
  '#7a8290',
  '#f0808a',
  '#b2d99a',
  '#f0d399',
  '#86c5ff',
  '#da9cf0',
  '#7fd3dd',
  '#ffffff',
];
const paper = '#14161b';
const ink = '#c8ccd4';
const cell = { width: 8.4, height: 18 };
const margin = 14;

/**
 * Draws the screen that a program's bytes leave in a terminal as an SVG: text stays text.
 * @param output every byte the program sent.
 */
export async function terminalSvg(
  output: string,
  columns: number,
  rows: number,
  title: string,
): Promise<string> {
  const terminal = new xterm.Terminal({ cols: columns, rows, scrollback: 0, allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write(output, resolve));
  const lines: string[] = [];
  const buffer = terminal.buffer.active;
  for (let y = 0; y < rows; y += 1) {
    const line = buffer.getLine(buffer.baseY + y);
    for (let x = 0; line && x < columns; x += 1) {
      const glyph = line.getCell(x);
      const text = glyph?.getChars() ?? '';
      if (!glyph || text.trim() === '') continue;
      const inverse = glyph.isInverse() !== 0;
      const colour = foreground(glyph);
      const place = `x="${(margin + x * cell.width).toFixed(1)}" y="${margin + (y + 1) * cell.height - 4}"`;
      if (inverse) {
        lines.push(
          `<rect x="${(margin + x * cell.width).toFixed(1)}" y="${margin + y * cell.height}" width="${cell.width}" height="${cell.height}" fill="${colour}"/>`,
        );
      }
      const weight = glyph.isBold() ? ' font-weight="bold"' : '';
      const faint = glyph.isDim() ? ' opacity="0.6"' : '';
      lines.push(
        `<text ${place} fill="${inverse ? paper : colour}"${weight}${faint}>${escapeXml(text)}</text>`,
      );
    }
  }
  terminal.dispose();
  const width = Math.ceil(columns * cell.width + 2 * margin);
  const height = rows * cell.height + 2 * margin;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeXml(title)}">
<rect width="${width}" height="${height}" rx="8" fill="${paper}"/>
<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14">
${lines.join('\n')}
</g>
</svg>
`;
}

type Cell = NonNullable<ReturnType<NonNullable<ReturnType<xterm.IBuffer['getLine']>>['getCell']>>;

function foreground(glyph: Cell): string {
  const colour = glyph.getFgColor();
  if (glyph.isFgRGB()) return `#${colour.toString(16).padStart(6, '0')}`;
  if (!glyph.isFgPalette()) return ink;
  if (colour < 16) return palette[colour]!;
  if (colour >= 232) return grey(8 + (colour - 232) * 10);
  const level = (value: number) => (value === 0 ? 0 : 55 + value * 40);
  const cube = colour - 16;
  return rgb(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}

const grey = (value: number) => rgb(value, value, value);
const rgb = (...parts: number[]) => `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
