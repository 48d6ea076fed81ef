/** Draws what a program's bytes leave in a terminal as SVG, one picture or a film of them: text stays text. */
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
/** How long the last picture of a film stands, in milliseconds. */
const lastMs = 4000;

/** Figures that differ from run to run. */
const speeds = / · [\d,.]+(?: tok(?:en)?s?)?\/s/g;

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** A moment of a recording: how much of the output had come, and how long the screen stays so. */
export interface Moment {
  readonly length: number;
  readonly ms: number;
}

/** One row of a screen as SVG, its top at 0; '' when it is empty. */
type Row = string;

/** The screen after all of the output. */
export async function stillSvg(output: string, size: Size, title: string): Promise<string> {
  const [rows = []] = await screens(output, [{ length: output.length, ms: 0 }], size);
  const body = rows.map((row, y) =>
    row === '' ? '' : `<g transform="translate(0 ${y * cell.height})">${row}</g>`,
  );
  return document(size, title, '', body.join('\n'));
}

/** The screens at these moments, one after the other, again and again; the last alone where motion is unwanted. */
export async function filmSvg(
  output: string,
  moments: readonly Moment[],
  size: Size,
  title: string,
): Promise<string> {
  const ids = new Map<Row, string>();
  const idOf = (row: Row) => {
    const id = ids.get(row) ?? `r${ids.size.toString(36)}`;
    ids.set(row, id);
    return id;
  };
  const high = size.rows * cell.height;
  // The pictures stand below each other and move up by one, all at once.
  const frames = (await screens(output, moments, size)).map((rows, frame) =>
    rows
      .map((row, y) =>
        row === '' ? '' : `<use href="#${idOf(row)}" y="${frame * high + y * cell.height}"/>`,
      )
      .join(''),
  );
  const times = moments.map(({ ms }, index) => (index === moments.length - 1 ? lastMs : ms));
  const total = times.reduce((sum, ms) => sum + ms, 0);
  let at = 0;
  const steps = times.map((ms, frame) => {
    const step = `${((at / total) * 100).toFixed(3)}%{transform:translateY(${-frame * high}px)}`;
    at += ms;
    return step;
  });
  const last = `transform:translateY(${-(frames.length - 1) * high}px)`;
  const style = `<style>.film{animation:film ${(total / 1000).toFixed(1)}s step-end infinite}@keyframes film{${steps.join('')}100%{${last}}}@media(prefers-reduced-motion:reduce){.film{animation:none;${last}}}</style>`;
  const rows = [...ids].map(([row, id]) => `<g id="${id}">${row}</g>`);
  const clip = `<clipPath id="c"><rect width="${size.columns * cell.width}" height="${high}"/></clipPath>`;
  return document(
    size,
    title,
    `${style}\n<defs>${clip}\n${rows.join('\n')}\n</defs>`,
    `<g clip-path="url(#c)"><g class="film">\n${frames.join('\n')}\n</g></g>`,
  );
}

function document({ columns, rows }: Size, title: string, head: string, body: string): string {
  const width = Math.ceil(columns * cell.width + 2 * margin);
  const height = rows * cell.height + 2 * margin;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeXml(title)}">
${head}
<rect width="${width}" height="${height}" rx="8" fill="${paper}"/>
<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" transform="translate(${margin} ${margin})" xml:space="preserve">
${body}
</g>
</svg>
`;
}

async function screens(
  output: string,
  moments: readonly Moment[],
  { columns, rows }: Size,
): Promise<Row[][]> {
  const terminal = new xterm.Terminal({ cols: columns, rows, scrollback: 0, allowProposedApi: true });
  const drawn: Row[][] = [];
  let written = 0;
  for (const { length } of moments) {
    await new Promise<void>((resolve) => terminal.write(output.slice(written, length), resolve));
    written = length;
    const buffer = terminal.buffer.active;
    drawn.push(
      Array.from({ length: rows }, (_, y) => {
        const line = buffer.getLine(buffer.baseY + y);
        const cursor = y === buffer.cursorY ? buffer.cursorX : -1;
        return line ? drawRow(line, columns, cursor) : '';
      }),
    );
  }
  terminal.dispose();
  return drawn;
}

type Line = NonNullable<ReturnType<xterm.IBuffer['getLine']>>;
type Cell = NonNullable<ReturnType<Line['getCell']>>;

interface Run {
  readonly x: number;
  readonly columns: number;
  readonly text: string;
  readonly attributes: string;
  readonly ground: string;
}

function drawRow(line: Line, columns: number, cursor: number): Row {
  return runsOf(line, columns, cursor)
    .map(({ x, columns: wide, text, attributes, ground }) => {
      const [left, width] = [(x * cell.width).toFixed(1), (wide * cell.width).toFixed(1)];
      const behind =
        ground === '' ? '' : `<rect x="${left}" width="${width}" height="${cell.height}" fill="${ground}"/>`;
      if (text.trim() === '') return behind;
      return `${behind}<text x="${left}" y="${cell.height - 4}" textLength="${width}"${attributes}>${escapeXml(text)}</text>`;
    })
    .join('');
}

/** Neighbouring cells of the same looks. */
function runsOf(line: Line, columns: number, cursor: number): Run[] {
  const left = new Set<number>();
  for (const match of line.translateToString().matchAll(speeds))
    for (let i = 0; i < match[0].length; i++) left.add(match.index + i);
  const runs: Run[] = [];
  for (let x = 0; x < columns; x++) {
    const glyph = line.getCell(x);
    if (!glyph || glyph.getWidth() === 0) continue;
    const isInverse = (glyph.isInverse() !== 0) !== (x === cursor);
    const [front, back] = [colourOf(glyph, 'Fg') ?? ink, colourOf(glyph, 'Bg')];
    const text = left.has(x) ? ' ' : glyph.getChars() || ' ';
    const ground = isInverse ? front : (back ?? '');
    const attributes = ` fill="${isInverse ? (back ?? paper) : front}"${glyph.isBold() ? ' font-weight="bold"' : ''}${glyph.isDim() ? ' opacity="0.6"' : ''}`;
    const last = runs.at(-1);
    const wide = glyph.getWidth();
    if (last && last.attributes === attributes && last.ground === ground && last.x + last.columns === x)
      runs[runs.length - 1] = { ...last, text: last.text + text, columns: last.columns + wide };
    else runs.push({ x, columns: wide, text, attributes, ground });
  }
  return runs.map(trimRun).filter(({ text, ground }) => text !== '' || ground !== '');
}

/** Blanks at the end need no drawing where nothing is behind them. */
function trimRun(run: Run): Run {
  if (run.ground !== '') return run;
  const text = run.text.trimEnd();
  return { ...run, text, columns: run.columns - (run.text.length - text.length) };
}

function colourOf(glyph: Cell, part: 'Fg' | 'Bg'): string | undefined {
  const colour = part === 'Fg' ? glyph.getFgColor() : glyph.getBgColor();
  if (part === 'Fg' ? glyph.isFgRGB() : glyph.isBgRGB()) return `#${colour.toString(16).padStart(6, '0')}`;
  if (!(part === 'Fg' ? glyph.isFgPalette() : glyph.isBgPalette())) return undefined;
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
