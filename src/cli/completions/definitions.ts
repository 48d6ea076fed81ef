/** What can stand where on the command line, read from the commands' own definitions. */
import type { Argument, Command, Option } from 'commander';
import { definitionOf } from '../options.ts';
import type { CommandEntry } from '../table.ts';

/** What comes at a place: names of a kind that `babble __complete` knows, files, fixed words, or anything (''). */
export type Values = NameKind | 'files' | readonly string[] | '';

/** Names that change: `babble __complete <kind>` prints them when they are needed. */
export type NameKind = 'engines' | 'models' | 'refs' | 'aliases' | 'settings';

export interface OptionDefinition {
  /** As written: `-e`, `--engine`. */
  readonly names: readonly string[];
  readonly description: string;
  /** Undefined for a flag without a value. */
  readonly values: Values | undefined;
}

export interface CommandDefinition {
  /** `run`, or `models show`. */
  readonly path: string;
  readonly description: string;
  readonly options: readonly OptionDefinition[];
  /** What its arguments are, first to last; the last may come again when `repeats`. */
  readonly positions: readonly Values[];
  readonly repeats: boolean;
}

/** Every command and subcommand. Imports all of them: for the making of a script, not for a key press. */
export async function readDefinitions(
  commands: readonly CommandEntry[],
): Promise<readonly CommandDefinition[]> {
  const definitions: CommandDefinition[] = [];
  for (const { name, summary, load } of commands) {
    const command = await definitionOf((await load()).run);
    definitions.push(definitionFrom(name, summary, command));
    for (const child of command.commands) {
      definitions.push(definitionFrom(`${name} ${child.name()}`, child.description(), child));
    }
  }
  return definitions;
}

/** The commands without those below them, and those below one. */
export function childrenOf(
  definitions: readonly CommandDefinition[],
  parent: string,
): readonly (readonly [name: string, description: string])[] {
  const prefix = parent === '' ? '' : `${parent} `;
  return definitions
    .filter(({ path }) => path.startsWith(prefix) && !path.slice(prefix.length).includes(' '))
    .filter(({ path }) => path !== parent)
    .map(({ path, description }) => [path.slice(prefix.length), description] as const);
}

function definitionFrom(path: string, description: string, command: Command): CommandDefinition {
  const help = { names: ['-h', '--help'], description: 'print the options', values: undefined };
  return {
    path,
    description,
    options: [...command.options.map(optionFrom), help],
    positions: command.registeredArguments.map(argumentValues),
    repeats: command.registeredArguments.at(-1)?.variadic ?? false,
  };
}

function optionFrom(option: Option): OptionDefinition {
  const { description, argChoices } = option;
  const names = [option.short, option.long].filter((name) => name !== undefined && name !== null);
  const takesValue = option.required || option.optional;
  return { names, description, values: takesValue ? (argChoices ?? optionValues(option)) : undefined };
}

function optionValues({ long, flags }: Option): Values {
  if (long === '--engine') return 'engines';
  if (long === '--model') return 'models';
  return /[<[](file|path|folder)[.\]>]/.test(flags) ? 'files' : '';
}

const argumentKinds: Readonly<Record<string, Values>> = {
  model: 'models',
  models: 'models',
  ref: 'refs',
  name: 'aliases',
  setting: 'settings',
  file: 'files',
  text: 'files',
};

function argumentValues(argument: Argument): Values {
  return argument.argChoices ?? argumentKinds[argument.name()] ?? '';
}
