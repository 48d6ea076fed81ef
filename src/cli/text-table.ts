import stringWidth from 'string-width';
import { sanitiseLine } from '../chat/sanitise.ts';

/** Columns of text with a heading, two spaces apart; cells are sanitised, wide characters count as two. */
export function formatTable(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  options: { alignRight?: readonly number[] } = {},
): string {
  const cells = [heading, ...rows].map((row) => row.map(sanitiseLine));
  const widths = heading.map((_, column) => Math.max(...cells.map((row) => stringWidth(row[column] ?? ''))));
  return cells
    .map((row) =>
      row
        .map((cell, column) => {
          const padding = ' '.repeat(widths[column]! - stringWidth(cell));
          return options.alignRight?.includes(column) ? padding + cell : cell + padding;
        })
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}
