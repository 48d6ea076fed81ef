import { CommanderError } from 'commander';
import { reportError } from './cli/report-error.ts';
import { commands, findCommand, helpText } from './cli/table.ts';
import { AppError } from './errors.ts';

/**
 * The composition root: argv → one command. A command's code is imported only when it is asked for.
 * @param argv arguments after the program's name.
 * @returns the exit code: 0 fine, 1 failure, 2 wrong usage, 130 interrupted.
 */
export async function main(argv: readonly string[]): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', endQuietly);
  const [first = 'chat', ...rest] = argv;
  if (first === '--help' || first === '-h' || (first === 'help' && rest.length === 0)) {
    process.stdout.write(helpText());
    return 0;
  }
  try {
    if (first === 'help') return await dispatch(rest[0]!, ['--help']);
    return first.startsWith('-') ? await dispatch('chat', argv) : await dispatch(first, rest);
  } catch (error) {
    // commander has already printed its help or its complaint
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return reportError(error);
  }
}

/** A reader that has seen enough (`babble models | head`) is no failure. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

async function dispatch(name: string, args: readonly string[]): Promise<number> {
  const command = findCommand(name);
  if (!command) {
    throw new AppError(
      'USAGE',
      `There is no command "${name}". Known commands: ${commands.map((c) => c.name).join(', ')}.`,
      {
        hint: 'Run `babble --help`.',
      },
    );
  }
  const { run } = await command.load();
  return run(args);
}
