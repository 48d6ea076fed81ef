import { Box, Text } from 'ink';
import { useInsertionEffect } from 'react';
import { sanitiseLine } from '../chat/sanitise.ts';
import { EditorView, layoutEditor } from './editor/view.tsx';
import { useStore } from './hooks/use-store.ts';
import { useWindowSize } from './hooks/use-window-size.ts';
import type { Input } from './input.ts';
import { ListView, MenuView, menuCursor } from './menu/view.tsx';
import type { Repl } from './repl.ts';
import { statusLine } from './status/line.ts';
import { truncate } from './terminal/cells.ts';
import type { FrameSink } from './terminal/frame-sink.ts';
import { paint } from './theme.ts';

/** Rows of messages that wait for the answer under way. */
const queuedRows = 3;

/** The frame at the bottom of the screen: editor or menu, suggestions, status line. */
export function App(props: { readonly repl: Repl; readonly input: Input; readonly sink: FrameSink }) {
  const { repl, input, sink } = props;
  const { columns, rows } = useWindowSize(sink);
  const status = useStore(repl.status);
  const editor = useStore(input.editor);
  const menu = useStore(input.menu);
  const suggest = useStore(input.suggest);
  const panel = useStore(repl.panel);
  const theme = useStore(repl.look);

  // The frame must leave room for the transcript, however small the window.
  const most = Math.max(1, Math.min(8, rows - 6));
  const layout = layoutEditor(editor, columns, most);
  const panelRoom = rows - (panel?.onKey ? 0 : layout.rows.length) - 6;
  const panelRows = menu ? [] : (panel?.rows({ columns, most: Math.max(0, panelRoom) }) ?? []);
  const hasEditor = !menu && !panel?.onKey;
  const queued = menu ? [] : status.queued.slice(0, queuedRows).map((text, row) => ({ text, row }));
  const top = 1 + panelRows.length + queued.length;
  const menuPlace = menu && { x: Math.min(columns - 1, menuCursor(menu)), y: top };
  const editorPlace = hasEditor ? { x: layout.cursor.x, y: top + layout.cursor.y } : null;
  const cursor = menuPlace ?? editorPlace;
  useInsertionEffect(() => {
    sink.cursor = cursor;
  });

  const placeholder =
    repl.kind === 'chat'
      ? 'Write a message; / shows what else'
      : 'Begin a text, or just press Enter; / shows what else';
  const room = Math.max(1, Math.min(10, rows - layout.rows.length - panelRows.length - 5));
  return (
    <Box flexDirection="column">
      <Box height={1} />
      {panelRows.map((line, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place
        <Text key={row} wrap="truncate">
          {line === '' ? ' ' : line}
        </Text>
      ))}
      {queued.map(({ text, row }) => (
        <Text key={row} wrap="truncate">
          {paint(theme, 'dim', truncate(`… ${sanitiseLine(text)}`, columns - 1))}
        </Text>
      ))}
      {menu && <MenuView state={menu} {...{ columns, theme }} most={most} />}
      {hasEditor && <EditorView {...{ layout, columns, theme }} placeholder={placeholder} />}
      {hasEditor && suggest.list.length > 0 && (
        <ListView
          items={suggest.list.map(({ value, label = value, detail = '' }) => ({ label, detail }))}
          selected={suggest.selected}
          most={room}
          {...{ columns, theme }}
        />
      )}
      <Text wrap="truncate">{paint(theme, 'dim', statusLine(status, columns - 1))}</Text>
    </Box>
  );
}
