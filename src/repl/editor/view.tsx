import { Box, Text } from 'ink';
import { truncate } from '../terminal/cells.ts';
import { paint, type Theme } from '../theme.ts';
import { layoutRows, placeOf, type Row } from './layout.ts';
import type { EditorState } from './reducer.ts';

/** Columns that the mark before the text takes. */
export const markColumns = 2;

/** The rows on the screen and the cursor among them. */
export interface EditorLayout {
  readonly rows: readonly Row[];
  readonly cursor: { readonly x: number; readonly y: number };
}

/** Lays the text out for a width, at most `most` rows around the cursor. */
export function layoutEditor(state: EditorState, columns: number, most: number): EditorLayout {
  const rows = layoutRows(state.text, columns - markColumns, state.folds);
  const { x, y } = placeOf(rows, state.text, state.cursor, state.folds);
  const from = Math.max(0, Math.min(y - Math.floor(most / 2), rows.length - most));
  return { rows: rows.slice(from, from + most), cursor: { x: x + markColumns, y: y - from } };
}

export function EditorView(props: {
  readonly layout: EditorLayout;
  /** Shown while the editor is empty. */
  readonly placeholder: string;
  readonly columns: number;
  readonly theme: Theme;
}) {
  const { layout, placeholder, columns, theme } = props;
  const isEmpty = layout.rows.length === 1 && layout.rows[0]!.text === '';
  return (
    <Box flexDirection="column">
      {layout.rows.map((row, index) => (
        <Text key={row.start} wrap="truncate">
          {index === 0 ? paint(theme, 'mark', '› ') : '  '}
          {isEmpty ? paint(theme, 'dim', truncate(placeholder, columns - markColumns - 1)) : row.text}
        </Text>
      ))}
    </Box>
  );
}
