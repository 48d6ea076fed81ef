import { AppError } from '../../errors.ts';

/** What follows a command: words, and `--name value` pairs. */
export interface Parsed {
  readonly words: readonly string[];
  readonly flags: ReadonlyMap<string, string>;
}

/**
 * Takes an argument apart at its spaces; double quotes keep them.
 * @param valued names, without dashes, that a value follows
 * @param switches names that stand alone; their value is ''
 * @throws AppError USAGE for any other name, and for a value that is missing
 */
export function parseFlags(argument: string, valued: readonly string[], switches: readonly string[]): Parsed {
  const parts = Array.from(argument.matchAll(/"([^"]*)"|(\S+)/g), ([, quoted, plain]) => quoted ?? plain!);
  const words: string[] = [];
  const flags = new Map<string, string>();
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    if (!part.startsWith('--')) {
      words.push(part);
      continue;
    }
    const name = part.slice(2);
    if (switches.includes(name)) flags.set(name, '');
    else if (!valued.includes(name)) {
      const known = [...valued, ...switches].map((one) => `--${one}`).join(', ');
      throw new AppError('USAGE', `There is no ${part} here.`, { hint: `Known: ${known}.` });
    } else {
      const value = parts.shift();
      if (value === undefined) throw new AppError('USAGE', `${part} needs a value.`);
      flags.set(name, value);
    }
  }
  return { words, flags };
}

/** A flag's number; undefined when it is not given. @throws AppError INVALID_SETTING */
export function numberFlag({ flags }: Parsed, name: string, low: number): number | undefined {
  const text = flags.get(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== '' && value >= low && value < Number.POSITIVE_INFINITY) return value;
  throw new AppError('INVALID_SETTING', `--${name} takes a number from ${low} up, not "${text}".`);
}

/** `learningRate=0.01` words as settings: numbers and booleans are read as such. @throws AppError USAGE for others */
export function hyperOf(words: readonly string[]): Record<string, number | string | boolean> {
  return Object.fromEntries(
    words.map((word) => {
      const [, name, value] = /^(\w+)=(.+)$/.exec(word) ?? [];
      if (name === undefined || value === undefined) {
        throw new AppError('USAGE', `"${word}" is not understood here.`, {
          hint: 'Hyper-parameters are written as in learningRate=0.01.',
        });
      }
      if (value === 'true' || value === 'false') return [name, value === 'true'];
      return [name, Number.isFinite(Number(value)) ? Number(value) : value];
    }),
  );
}
