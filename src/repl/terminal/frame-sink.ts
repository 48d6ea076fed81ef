import { EventEmitter } from 'node:events';
import type { Frame, Size } from './painter.ts';

/**
 * What Ink takes for its terminal. In Ink's debug mode every commit writes the whole frame as plain lines;
 * they are handed on to the painter, which alone decides what is sent.
 */
export class FrameSink extends EventEmitter {
  readonly isTTY = true;
  readonly writable = true;
  columns: number;
  rows: number;
  /** Set by the view before each commit. */
  cursor: Frame['cursor'] = null;
  readonly #onFrame: (frame: Frame) => void;

  constructor(size: Size, onFrame: (frame: Frame) => void) {
    super();
    this.columns = size.columns;
    this.rows = size.rows;
    this.#onFrame = onFrame;
  }

  resize(size: Size): void {
    this.columns = size.columns;
    this.rows = size.rows;
    this.emit('resize');
  }

  write(text: string, done?: () => void): boolean {
    // Besides frames Ink writes its cursor sequences, which are the painter's business.
    if (text.replaceAll(/\x1b\[[?\d;]*[a-zA-Z]/g, '') !== '')
      this.#onFrame({ lines: text.split('\n'), cursor: this.cursor });
    done?.();
    return true;
  }
}
