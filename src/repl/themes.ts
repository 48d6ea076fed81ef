import type { ThemeName } from '../settings/types.ts';
import { plainTheme, type Role, type Theme, terminalTheme } from './theme.ts';

export const themeSummaries: Readonly<Record<ThemeName, string>> = {
  auto: 'dark or light where the terminal tells its background, else its own colours',
  terminal: "the terminal's own sixteen colours",
  dark: 'for a dark background',
  light: 'for a light background',
  'high-contrast': 'no colour but for warnings and errors, which bring their background',
  none: 'no colour and no style',
};

/** How a role looks in colours of its own: `#rrggbb`, on the terminal's background unless it brings one. */
export interface Look {
  readonly foreground?: string;
  readonly background?: string;
  /** SGR codes: 1 bold, 3 italic, 4 underlined, 7 reversed. */
  readonly attributes?: readonly number[];
}

type Palette = Readonly<Record<Role, Look>>;

const bold = [1];

/** Colours of our own. A test holds every pair of foreground and background to WCAG 2's contrast. */
export const palettes: Readonly<Record<'dark' | 'light' | 'high-contrast', Palette>> = {
  dark: {
    person: { attributes: bold },
    mark: { foreground: '#7fd7ff' },
    dim: { foreground: '#b2b7c0' },
    accent: { foreground: '#7fd7ff' },
    warning: { foreground: '#ffd787' },
    error: { foreground: '#ffafaf' },
    selected: { attributes: [7] },
    heading: { foreground: '#7fd7ff', attributes: bold },
    strong: { attributes: bold },
    emphasis: { attributes: [3] },
    code: { foreground: '#8fe0d0' },
    keyword: { foreground: '#e0b0ff' },
    string: { foreground: '#b5e08f' },
    number: { foreground: '#ffc890' },
  },
  light: {
    person: { attributes: bold },
    mark: { foreground: '#00567a' },
    dim: { foreground: '#555555' },
    accent: { foreground: '#00567a' },
    warning: { foreground: '#7a4300' },
    error: { foreground: '#a00000' },
    selected: { attributes: [7] },
    heading: { foreground: '#00567a', attributes: bold },
    strong: { attributes: bold },
    emphasis: { attributes: [3] },
    code: { foreground: '#00594f' },
    keyword: { foreground: '#6a1b9a' },
    string: { foreground: '#1c5c1e' },
    number: { foreground: '#7d3c00' },
  },
  'high-contrast': {
    person: { attributes: bold },
    mark: { attributes: bold },
    dim: {},
    accent: { attributes: bold },
    warning: { foreground: '#000000', background: '#ffd75f' },
    error: { foreground: '#ffffff', background: '#8b0000', attributes: bold },
    selected: { attributes: [1, 7] },
    heading: { attributes: [1, 4] },
    strong: { attributes: bold },
    emphasis: { attributes: [4] },
    code: { attributes: bold },
    keyword: { attributes: bold },
    string: {},
    number: {},
  },
};

/** The sixteen-colour look of a palette's own pairs, where the terminal has no more colours. */
const basicPairs: Partial<Record<Role, string>> = {
  warning: '\x1b[30m\x1b[103m',
  error: '\x1b[1m\x1b[97m\x1b[41m',
};

/**
 * The theme of a name. `auto` is `none` on a dumb terminal, `dark` or `light` where `COLORFGBG` tells the
 * background and the terminal has all colours, else `terminal`. Without all colours `dark` and `light` are
 * `terminal` too: its sixteen fit its background.
 */
export function chooseTheme(name: ThemeName, env: NodeJS.ProcessEnv): Theme {
  const hasAllColours = /^(truecolor|24bit)$/i.test(env['COLORTERM'] ?? '');
  switch (name) {
    case 'auto': {
      if (env['TERM'] === 'dumb') return plainTheme;
      const background = backgroundOf(env);
      return background && hasAllColours ? toTheme(palettes[background]) : terminalTheme;
    }
    case 'terminal':
      return terminalTheme;
    case 'dark':
    case 'light':
      return hasAllColours ? toTheme(palettes[name]) : terminalTheme;
    case 'high-contrast': {
      const theme = toTheme(palettes[name]);
      return hasAllColours ? theme : { ...theme, ...basicPairs };
    }
    case 'none':
      return plainTheme;
    default:
      return name satisfies never;
  }
}

/** `COLORFGBG` ends in the number of the background's colour among the sixteen. */
function backgroundOf(env: NodeJS.ProcessEnv): 'dark' | 'light' | undefined {
  const number = /;(\d+)$/.exec(env['COLORFGBG'] ?? '')?.[1];
  if (number === undefined || Number(number) > 15) return undefined;
  return Number(number) === 7 || Number(number) > 8 ? 'light' : 'dark';
}

function toTheme(palette: Palette): Theme {
  return Object.fromEntries(Object.entries(palette).map(([role, look]) => [role, toSgr(look)])) as Record<
    Role,
    string
  >;
}

function toSgr({ foreground, background, attributes = [] }: Look): string {
  const parts = [
    ...attributes.map(String),
    ...(foreground === undefined ? [] : [`38;2;${channels(foreground).join(';')}`]),
    ...(background === undefined ? [] : [`48;2;${channels(background).join(';')}`]),
  ];
  return parts.map((part) => `\x1b[${part}m`).join('');
}

/** Red, green and blue in [0, 255]. */
export function channels(hex: string): readonly number[] {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}
