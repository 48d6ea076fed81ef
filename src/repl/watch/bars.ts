/** Rows of candidates for the next token, each with its probability as a bar. */
import type { TokenProbability } from '../../engines/engine.ts';
import { formatPercent, visibleToken } from '../../pictures/index.ts';
import { truncate, width } from '../terminal/cells.ts';
import { paint, type Theme } from '../theme.ts';

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;
const longestLabel = 16;
/** `100.0 %` and a space. */
const percentColumns = 8;
const mostBarColumns = 60;

export interface BarRow {
  readonly token: TokenProbability;
  /** What stands before the token: a number, a mark. */
  readonly mark: string;
  readonly isChosen: boolean;
}

/** A token as a label: blanks as signs, the end of a text by its name. */
export function tokenLabel({ text, ends }: TokenProbability): string {
  return ends ? 'end' : visibleToken(text) || '(nothing)';
}

/** Lines as wide as `columns` allows; a bar over the whole room is certainty. */
export function barLines(rows: readonly BarRow[], columns: number, theme: Theme): string[] {
  const marks = Math.max(0, ...rows.map(({ mark }) => width(mark)));
  const labels = rows.map(({ token }) => truncate(tokenLabel(token), longestLabel));
  const left = Math.max(3, ...labels.map(width));
  const room = Math.min(mostBarColumns, columns - marks - left - percentColumns - 3);
  return rows.map(({ token, mark, isChosen }, index) => {
    const label = labels[index]!.padStart(labels[index]!.length + left - width(labels[index]!));
    const percent = formatPercent(token.probability).padStart(percentColumns - 1);
    const name = isChosen ? paint(theme, 'selected', label) : label;
    const line = `${paint(theme, isChosen ? 'accent' : 'dim', mark.padStart(marks))} ${name} ${percent}`;
    return room < 1 ? line : `${line} ${paint(theme, 'accent', bar(token.probability, room))}`;
  });
}

function bar(share: number, room: number): string {
  const units = Math.round(Math.min(Math.max(share, 0), 1) * room * 8);
  // What is possible at all shows.
  const seen = share > 0 ? Math.max(units, 1) : 0;
  return '█'.repeat(Math.floor(seen / 8)) + eighths[seen % 8]!;
}
