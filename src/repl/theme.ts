/** What a piece of text is for; the theme says how that looks. */
export type Role = 'person' | 'mark' | 'dim' | 'accent' | 'warning' | 'error' | 'selected';

/** SGR sequences by role; '' where the role looks like plain text. */
export type Theme = Readonly<Record<Role, string>>;

// The sixteen colours follow the person's own terminal theme, light or dark.
const coloured: Theme = {
  person: '\x1b[1m',
  mark: '\x1b[36m',
  dim: '\x1b[2m',
  accent: '\x1b[36m',
  warning: '\x1b[33m',
  error: '\x1b[31m',
  selected: '\x1b[7m',
};

const plain: Theme = { person: '', mark: '', dim: '', accent: '', warning: '', error: '', selected: '' };

/** The theme for an environment: `NO_COLOR` (any value but '') and dumb terminals get none. */
export function themeFor(env: NodeJS.ProcessEnv): Theme {
  return env['NO_COLOR'] || env['TERM'] === 'dumb' ? plain : coloured;
}

/** Text in the style of a role. */
export function paint(theme: Theme, role: Role, text: string): string {
  return theme[role] === '' || text === '' ? text : `${theme[role]}${text}\x1b[0m`;
}
