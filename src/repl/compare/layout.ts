import type { PanelRoom } from '../panel.ts';
import type { Span } from '../terminal/tape.ts';

/** How the answers of a comparison stand on the screen while they are written, and after. */
export interface Layout {
  add(index: number, text: string): void;
  /** The answer is whole. `footer` says how it ended. */
  end(index: number, footer: string): void;
  /** The engine gave no answer. */
  fail(index: number, message: string): void;
  /** What an engine is doing, for the panel. */
  setStatus(index: number, status: string): void;
  /** What will not change any more and has not been taken yet, for the transcript. */
  takeFinal(): Span[];
  /** The rest, for the panel. */
  rows(room: PanelRoom): string[];
}
