import { AppError } from '../../errors.ts';
import type { ThemeName } from '../../settings/types.ts';
import type { Repl } from '../repl.ts';
import { chooseTheme, themeSummaries } from '../themes.ts';
import type { Command } from './command.ts';

const names = Object.keys(themeSummaries) as ThemeName[];

/** `/theme`: a menu of themes, or a switch to the one named, for this sitting. */
export const themeCommand: Command = {
  name: 'theme',
  summary: 'switch the colours',
  usage: '[name]',
  complete: () => names.map((name) => ({ value: name, detail: themeSummaries[name] })),
  async run(argument, repl, screen) {
    if (argument !== '') return apply(find(argument), repl);
    const items = names.map((value) => ({ label: value, detail: themeSummaries[value], value }));
    const chosen = await screen.choose({ title: 'Theme', items });
    if (chosen) apply(chosen, repl);
  },
};

function apply(name: ThemeName, repl: Repl): void {
  repl.look.dispatch(chooseTheme(name, process.env));
  repl.notice(`The theme is ${name}, for this sitting. \`babble config set theme ${name}\` keeps it.`);
}

function find(name: string): ThemeName {
  const found = names.find((candidate) => candidate === name.toLowerCase());
  if (found) return found;
  throw new AppError('INVALID_SETTING', `No theme is called "${name}".`, {
    hint: `Known: ${names.join(', ')}.`,
  });
}
