import type { Colour } from './picture.ts';

export type Theme = 'light' | 'dark';

export interface Palette {
  readonly background: Colour;
  readonly ink: Colour;
  /** Axes, borders, side notes. */
  readonly faint: Colour;
  /** Bars and lines, in order of use. Told apart by those who see red and green alike. */
  readonly series: readonly [Colour, ...Colour[]];
  /** From nothing to most, evenly spaced. */
  readonly scale: readonly [Colour, ...Colour[]];
}

export const palettes: Readonly<Record<Theme, Palette>> = {
  light: {
    background: '#ffffff',
    ink: '#1b1f24',
    faint: '#6a737d',
    series: ['#1f6fb4', '#c8580b', '#6a4fa3', '#11806a', '#b3356b', '#8a6d00', '#2b8ea3', '#5c6670'],
    scale: ['#f3f6fa', '#a9cbe8', '#4a90c9', '#1c5a9a', '#0a2f5e'],
  },
  dark: {
    background: '#12161c',
    ink: '#e8ecf1',
    faint: '#8b96a3',
    series: ['#5aa9ea', '#f0995a', '#b69cf0', '#4fc3a5', '#f08ab4', '#d9bb4a', '#74cfe0', '#a3adb8'],
    scale: ['#1b212a', '#1f4a7a', '#2f7fc4', '#79bbf0', '#e2f2ff'],
  },
};

export type Rgb = readonly [red: number, green: number, blue: number];

export function toRgb(colour: Colour): Rgb {
  const value = Number.parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 0xff, value & 0xff];
}

/** `t` of the way from one colour to the other. */
export function mix(from: Rgb, to: Rgb, t: number): Rgb {
  const part = (i: 0 | 1 | 2) => from[i] + (to[i] - from[i]) * t;
  return [part(0), part(1), part(2)];
}

/** The colour for a share in [0, 1] of the most. */
export function shade({ scale }: Palette, share: number): Colour {
  const at = Math.min(Math.max(share, 0), 1) * (scale.length - 1);
  const below = Math.min(Math.floor(at), scale.length - 2);
  return toColour(mix(toRgb(scale[below]!), toRgb(scale[below + 1]!), at - below));
}

/** Black or white, whichever is read better on this colour. */
export function readableOn(colour: Colour): Colour {
  return luminance(toRgb(colour)) > 0.45 ? '#000000' : '#ffffff';
}

/** How bright a colour looks, in [0, 1]. */
export function luminance([red, green, blue]: Rgb): number {
  return (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
}

function toColour(rgb: Rgb): Colour {
  return `#${rgb.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`;
}
