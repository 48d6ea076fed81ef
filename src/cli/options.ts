import { Command, CommanderError, InvalidArgumentError } from 'commander';
import type { LoadSettings, Sampling } from '../engines/engine.ts';

/** A commander command that throws instead of ending the process, and prints usage errors with a pointer to its help. */
export function createCommand(name: string, description: string): Command {
  const command = new Command(`babble ${name}`)
    .description(description)
    .exitOverride()
    .showHelpAfterError(`Run \`babble ${name} --help\` for the options.`);
  onCreate?.(command);
  return command;
}

let onCreate: ((command: Command) => void) | undefined;

/**
 * A command's flags and arguments. They are defined where the command runs: it is asked for its help, in
 * silence, and goes no further.
 */
export async function definitionOf(run: (args: readonly string[]) => Promise<number>): Promise<Command> {
  let created: Command | undefined;
  onCreate = (command) => {
    created ??= command.configureOutput({ writeOut() {}, writeErr() {} });
  };
  try {
    await run(['--help']);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
  } finally {
    onCreate = undefined;
  }
  if (created === undefined) throw new Error('The command defined nothing.');
  return created;
}

/** Parses a whole number in [low, high]; for commander's option callbacks. */
export function integer(low: number, high = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= low && value <= high) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${low} to ${high}, got "${text}".`);
  };
}

/** Parses a number in [low, high]; for commander's option callbacks. */
export function decimal(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= low && value <= high) return value;
    throw new InvalidArgumentError(`Expected a number from ${low} to ${high}, got "${text}".`);
  };
}

/** Adds the sampling flags that every generating command shares; their values come out as `Sampling`. */
export function addSamplingOptions(command: Command): Command {
  return command
    .option('--seed <number>', 'same seed, same text', integer(0))
    .option('--temperature <number>', '0 takes the likeliest token every time', decimal(0, 100))
    .option('--top-k <number>', 'keep the k likeliest tokens; 0 keeps all', integer(0))
    .option(
      '--top-p <number>',
      'keep the likeliest tokens up to this probability; 1 keeps all',
      decimal(0, 1),
    )
    .option('--min-p <number>', 'drop tokens below this share of the likeliest; 0 drops none', decimal(0, 1))
    .option('--typical-p <number>', 'locally typical sampling; 1 is off', decimal(0, 1))
    .option('--mirostat <version>', 'aim at a surprise instead of these: 1 or 2; 0 is off', integer(0, 2))
    .option('--mirostat-tau <number>', 'the surprise that mirostat aims at, in bits a token', decimal(0, 100))
    .option('--mirostat-eta <number>', 'how quickly mirostat corrects itself', decimal(0, 1))
    .option('--repeat-penalty <number>', '1 is off', decimal(0.01, 100))
    .option('--repeat-last-n <number>', 'how many last tokens the penalties look at', integer(0))
    .option('--frequency-penalty <number>', '0 is off', decimal(-100, 100))
    .option('--presence-penalty <number>', '0 is off', decimal(-100, 100))
    .option('--multinomial <kind>', 'how PyTorch of which era draws: torch1 or torch2', multinomial);
}

/** Adds the flags that say how an engine is loaded; `loadSettingsFrom` reads them. */
export function addLoadOptions(command: Command): Command {
  return command
    .option('--force', 'load a model although the memory report says that it does not fit')
    .option(
      '--load <name=value>',
      'a load setting of the engine, such as contextLength=2048; may be given again',
      loadSetting,
      {},
    )
    .option(
      '--lora <file[:scale]>',
      'a LoRA adapter for a GGUF model; scale 1 is as trained, 0 without; may be given again',
      (adapter: string, before?: string) => (before === undefined ? adapter : `${before},${adapter}`),
    );
}

/** What the flags of `addLoadOptions` ask of the engine. An engine ignores, or refuses, what it does not have. */
export function loadSettingsFrom(options: Readonly<Record<string, unknown>>): LoadSettings {
  return {
    ...(options['load'] as LoadSettings),
    ...(options['force'] ? { force: true } : {}),
    ...(options['lora'] === undefined ? {} : { lora: String(options['lora']) }),
  };
}

function loadSetting(text: string, before: LoadSettings): LoadSettings {
  const [, name, value] = /^([A-Za-z]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new InvalidArgumentError(`Expected name=value, got "${text}".`);
  }
  if (value === 'true' || value === 'false') return { ...before, [name]: value === 'true' };
  const number = Number(value);
  return { ...before, [name]: value.trim() !== '' && Number.isFinite(number) ? number : value };
}

function multinomial(text: string): 'torch1' | 'torch2' {
  if (text === 'torch1' || text === 'torch2') return text;
  throw new InvalidArgumentError(`Expected torch1 or torch2, got "${text}".`);
}

const samplingNames = [
  'seed',
  'temperature',
  'topK',
  'topP',
  'minP',
  'typicalP',
  'mirostat',
  'mirostatTau',
  'mirostatEta',
  'repeatPenalty',
  'repeatLastN',
  'frequencyPenalty',
  'presencePenalty',
  'multinomial',
] as const satisfies readonly (keyof Sampling)[];

/** Picks the sampling parameters out of commander's parsed options. */
export function samplingFrom(options: Readonly<Record<string, unknown>>): Sampling {
  return Object.fromEntries(
    samplingNames.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  );
}
