import type { Picture } from '../../pictures/index.ts';
import type { Repl } from '../repl.ts';

/** What Tab may put in place of an argument. */
export interface Suggestion {
  readonly value: string;
  /** What the list shows in place of a long value. */
  readonly label?: string;
  readonly detail?: string;
}

export interface Menu<Value> {
  readonly title: string;
  readonly items: readonly {
    readonly label: string;
    readonly detail?: string;
    readonly value: Value;
  }[];
  /** Index of the item that is selected first. */
  readonly selected?: number;
}

/** What a command can ask of the screen it was typed on. */
export interface Screen {
  /** Draws a picture as an image into the transcript; false where images cannot be shown. */
  drawImage(picture: Picture): Promise<boolean>;
  /** Columns that a line should fit in. */
  readonly columns: number;
  /** Whether `repl.panel` is drawn and given the keys. */
  readonly hasPanel: boolean;
  /** Whether the person is writing something: a menu that opens now would take their keys. */
  readonly isTyping: boolean;
  /** Lets the person choose; undefined when they leave the menu, or when there is no terminal. */
  choose<Value>(menu: Menu<Value>): Promise<Value | undefined>;
  /** Lets the person change a text in the editor; undefined when they leave it, or when there is no terminal. */
  revise(text: string, hint: string): Promise<string | undefined>;
  /** Puts a text into the editor, to be changed and sent. */
  edit(text: string): void;
  /** Puts a text on the clipboard through the terminal; false where there is no terminal. */
  copy(text: string): boolean;
  exit(): void;
}

/** A slash command: one file each. */
export interface Command {
  /** Without the slash. */
  readonly name: string;
  /** One line for `/help` and the menu. */
  readonly summary: string;
  /** Its arguments, as `/help` shows them: `<required>`, `[optional]`; '' for none. */
  readonly usage: string;
  /** What happens when it is typed while an answer streams: it waits for the end (default), or stops it. */
  readonly whileWriting?: 'wait' | 'stop';
  complete?(argument: string, repl: Repl): Promise<readonly Suggestion[]> | readonly Suggestion[];
  /** @throws AppError, which is shown with its hint. */
  run(argument: string, repl: Repl, screen: Screen): Promise<void> | void;
}
