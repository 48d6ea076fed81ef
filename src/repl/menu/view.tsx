import { Box, Text } from 'ink';
import { sanitiseLine } from '../../chat/sanitise.ts';
import { truncate, width } from '../terminal/cells.ts';
import { paint, type Theme } from '../theme.ts';
import { type MenuState, matches, visibleRange } from './reducer.ts';

/** Rows of a list: the label, and as much of the detail as there is room for. */
export function ListView(props: {
  readonly items: readonly { readonly label: string; readonly detail?: string }[];
  /** -1 selects none. */
  readonly selected: number;
  readonly columns: number;
  readonly most: number;
  readonly theme: Theme;
}) {
  const { items, selected, columns, most, theme } = props;
  // The last row says how many there are besides.
  const room = items.length > most ? Math.max(1, most - 1) : most;
  const { from, to } = visibleRange(items.length, Math.max(0, selected), room);
  const shown = items.slice(from, to).map(({ label, detail }, index) => ({
    row: from + index,
    label: sanitiseLine(label),
    detail: sanitiseLine(detail ?? ''),
  }));
  const column = Math.min(
    Math.max(0, ...shown.map(({ label }) => width(label))) + 2,
    Math.floor(columns / 2),
  );
  return (
    <Box flexDirection="column">
      {shown.map(({ row, label, detail }) => {
        const chosen = row === selected;
        const name = truncate(label, columns - 3);
        const padded = name + ' '.repeat(Math.max(1, column - width(name)));
        const left = columns - 3 - width(padded);
        return (
          <Text key={row} wrap="truncate">
            {paint(theme, chosen ? 'accent' : 'dim', chosen ? '› ' : '  ')}
            {chosen ? paint(theme, 'selected', name) : name}
            {left > 8 ? padded.slice(name.length) + paint(theme, 'dim', truncate(detail, left)) : ''}
          </Text>
        );
      })}
      {to - from < items.length && (
        <Text>{paint(theme, 'dim', `  … ${from + 1}–${to} of ${items.length}`)}</Text>
      )}
    </Box>
  );
}

/** A menu in place of the editor. */
export function MenuView(props: {
  readonly state: MenuState;
  readonly columns: number;
  readonly most: number;
  readonly theme: Theme;
}) {
  const { state, columns, most, theme } = props;
  const items = matches(state);
  return (
    <Box flexDirection="column">
      <Text wrap="truncate">
        {paint(theme, 'mark', `${state.menu.title}: `)}
        {state.filter}
      </Text>
      {items.length === 0 ? (
        <Text>{paint(theme, 'dim', '  nothing matches')}</Text>
      ) : (
        <ListView {...{ items, columns, most, theme }} selected={state.selected} />
      )}
    </Box>
  );
}

/** Column of the cursor in the first row of a menu. */
export function menuCursor(state: MenuState): number {
  return width(`${state.menu.title}: ${state.filter}`);
}
