import type { KeyEvent } from './terminal/keys.ts';

/** Rows above the editor, or in its place, for as long as something goes on. */
export interface Panel {
  /**
   * Styled rows, none wider than `columns`, at most `most` of them. As many each time for the same room: a frame
   * that grows and shrinks is hard to look at.
   */
  rows(room: PanelRoom): readonly string[];
  /** Takes every key while the panel is shown; the editor is hidden meanwhile. */
  onKey?(event: KeyEvent): void;
  /** The sitting ends: whoever waits for a key waits no more. */
  onClose?(): void;
}

export interface PanelRoom {
  readonly columns: number;
  readonly most: number;
}

/** The panel that is shown now; a new object is drawn anew. */
export function panelReducer(_before: Panel | undefined, now: Panel | undefined): Panel | undefined {
  return now;
}
