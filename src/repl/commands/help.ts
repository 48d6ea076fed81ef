import { width } from '../terminal/cells.ts';
import type { Command } from './command.ts';

const keys: readonly (readonly [string, string])[] = [
  ['Enter', 'send'],
  ['Ctrl+J, Alt+Enter, \\ at the end, """', 'a new line'],
  ['Esc, Ctrl+C', 'stop the answer'],
  ['Ctrl+C twice, Ctrl+D', 'leave'],
  ['Tab', 'complete a command, a name, a path'],
  ['@path', 'attach a text file'],
  ['↑ ↓, Ctrl+R', 'earlier messages'],
  ['Ctrl+X Ctrl+E', 'write in $EDITOR'],
];

/** `/help`: all commands and keys. `list` is asked late, since the list holds this command too. */
export function helpCommand(list: () => readonly Command[]): Command {
  return {
    name: 'help',
    summary: 'show the commands and keys',
    usage: '[command]',
    complete: () => list().map(({ name, summary }) => ({ value: name, detail: summary })),
    run(argument, repl, { columns }) {
      const one = list().find(({ name }) => name === argument.replace(/^\//, ''));
      if (one) return repl.notice(`/${one.name} ${one.usage}\n  ${one.summary}`);
      const rows = list().map(({ name, usage, summary }) => [`/${name} ${usage}`.trim(), summary] as const);
      repl.notice(`${table(rows, columns)}\n\n${table(keys, columns)}`);
    },
  };
}

/** Two columns where they fit; else, and for long names, the right part goes below the left. */
function table(rows: readonly (readonly [string, string])[], columns: number): string {
  const column = columns < 76 ? 2 : 20;
  return rows
    .map(([left, right]) =>
      width(left) < column ? `${left.padEnd(column)}${right}` : `${left}\n${' '.repeat(column)}${right}`,
    )
    .join('\n');
}
