/**
 * A picture as pure data: marks on a plane. The drawers (one file a kind) make it, the sinks (SVG, PNG,
 * terminal cells) show it. Everything stands on a grid of terminal cells, `column` wide and `row` high, so
 * that a picture that is n × `column` wide falls exactly into n columns of a terminal.
 */

/** Width of a character and of a terminal's cell, in units (pixels of an SVG at its own size). */
export const column = 8;
/** Height of a line of text and of a terminal's cell. */
export const row = 16;

/** `#rrggbb`. */
export type Colour = string;

export interface Rect {
  readonly type: 'rect';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly fill: Colour;
  /** An outline, drawn in a terminal with box characters. */
  readonly stroke?: Colour;
}

export interface Line {
  readonly type: 'line';
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly colour: Colour;
  /** Default 2. */
  readonly thickness?: number;
}

export interface Text {
  readonly type: 'text';
  readonly x: number;
  /** Middle of the line. */
  readonly y: number;
  readonly text: string;
  readonly colour: Colour;
  /** Which end of the text stands at `x`; default `start`. */
  readonly anchor?: 'start' | 'middle' | 'end';
  /** 5 units a character in place of 8; a terminal leaves it out. */
  readonly small?: boolean;
  readonly bold?: boolean;
}

export type Mark = Rect | Line | Text;

export interface Picture {
  readonly title: string;
  /** One sentence with the numbers that matter, for those who do not see it. */
  readonly description: string;
  readonly width: number;
  readonly height: number;
  readonly background: Colour;
  /** Colour of plain text: a terminal shows it in its own. */
  readonly ink: Colour;
  /** In the order they are drawn. */
  readonly marks: readonly Mark[];
}

/** Loss by step of one or more splits. */
export interface LossCurve {
  readonly type: 'curve';
  readonly title: string;
  readonly series: readonly {
    readonly name: string;
    readonly points: readonly { readonly step: number; readonly loss: number }[];
  }[];
}
