/** What a piece of text is for; the theme says how that looks. */
export type Role =
  | 'person'
  | 'mark'
  | 'dim'
  | 'accent'
  | 'warning'
  | 'error'
  | 'selected'
  // Markdown and code
  | 'heading'
  | 'strong'
  | 'emphasis'
  | 'code'
  | 'keyword'
  | 'string'
  | 'number';

/** SGR sequences by role; '' where the role looks like plain text. */
export type Theme = Readonly<Record<Role, string>>;

/** The sixteen colours follow the person's own terminal theme, light or dark. */
export const terminalTheme: Theme = {
  person: '\x1b[1m',
  mark: '\x1b[36m',
  dim: '\x1b[2m',
  accent: '\x1b[36m',
  warning: '\x1b[33m',
  error: '\x1b[31m',
  selected: '\x1b[7m',
  heading: '\x1b[1;36m',
  strong: '\x1b[1m',
  emphasis: '\x1b[3m',
  code: '\x1b[36m',
  keyword: '\x1b[35m',
  string: '\x1b[32m',
  number: '\x1b[33m',
};

/** No colour, no style. */
export const plainTheme: Theme = Object.freeze(
  Object.fromEntries(Object.keys(terminalTheme).map((role) => [role, ''])) as Record<Role, string>,
);

/** Text in the style of a role. */
export function paint(theme: Theme, role: Role, text: string): string {
  return theme[role] === '' || text === '' ? text : `${theme[role]}${text}\x1b[0m`;
}
