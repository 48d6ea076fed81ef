import { useSyncExternalStore } from 'react';
import type { FrameSink } from '../terminal/frame-sink.ts';
import type { Size } from '../terminal/painter.ts';

/** The window's size; the component is drawn again when it changes. */
export function useWindowSize(sink: FrameSink): Size {
  const subscribe = (listener: () => void) => {
    sink.on('resize', listener);
    return () => sink.off('resize', listener);
  };
  const columns = useSyncExternalStore(subscribe, () => sink.columns);
  const rows = useSyncExternalStore(subscribe, () => sink.rows);
  return { columns, rows };
}
