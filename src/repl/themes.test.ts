import { expect, test } from 'vitest';
import { plainTheme, terminalTheme } from './theme.ts';
import { channels, chooseTheme, type Look, palettes } from './themes.ts';

/** WCAG 2.2, relative luminance. */
function luminance(hex: string): number {
  const [r, g, b] = channels(hex).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

// The extreme and the least extreme of the backgrounds that terminals' themes commonly have.
const backgrounds = {
  dark: ['#000000', '#1e1e2e', '#2e3440', '#002b36'],
  light: ['#ffffff', '#fdf6e3', '#eee8d5', '#eff1f5'],
};

const looks = (name: keyof typeof palettes) => Object.entries(palettes[name]) as [string, Look][];

test('contrast is measured as WCAG does', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
});

test.each(['dark', 'light'] as const)('%s: every colour has 4.5 on every common background', (name) => {
  for (const [role, { foreground, background }] of looks(name)) {
    expect(background, role).toBeUndefined();
    if (foreground === undefined) continue;
    for (const behind of backgrounds[name])
      expect(contrast(foreground, behind), `${role} on ${behind}`).toBeGreaterThanOrEqual(4.5);
  }
});

test('high contrast: a colour brings its own background, with 7 between them', () => {
  for (const [role, { foreground, background }] of looks('high-contrast')) {
    expect(foreground === undefined, role).toBe(background === undefined);
    if (foreground && background) expect(contrast(foreground, background), role).toBeGreaterThanOrEqual(7);
  }
});

const full = { COLORTERM: 'truecolor' };

test.each([
  ['auto', {}, terminalTheme],
  ['auto', { TERM: 'dumb' }, plainTheme],
  ['auto', { COLORFGBG: '0;15', ...full }, chooseTheme('light', full)],
  ['auto', { COLORFGBG: '15;default;0', ...full }, chooseTheme('dark', full)],
  ['auto', { COLORFGBG: '15;default', ...full }, terminalTheme],
  ['auto', { COLORFGBG: '15;0' }, terminalTheme],
  ['dark', {}, terminalTheme],
  ['none', full, plainTheme],
] as const)('%s with %j', (name, env, theme) => {
  expect(chooseTheme(name, env)).toEqual(theme);
});

test('an own colour is one sequence a part, as the painter reads them', () => {
  expect(chooseTheme('dark', full).heading).toBe('\x1b[1m\x1b[38;2;127;215;255m');
  expect(chooseTheme('high-contrast', {}).error).toBe('\x1b[1m\x1b[97m\x1b[41m');
});
