import type { ChatSettings } from '../../chat/types.ts';
import type { Sampling } from '../../engines/engine.ts';
import { AppError } from '../../errors.ts';

/** A parameter that `/set` can change. */
interface Parameter {
  readonly name: string;
  readonly summary: string;
  /** As the person would type it; undefined when it is the engine's default. */
  show(settings: ChatSettings): string | undefined;
  /** @throws AppError INVALID_SETTING. `text` undefined goes back to the default. */
  change(text: string | undefined, settings: ChatSettings): Partial<ChatSettings>;
}

type NumberKey = Exclude<keyof Sampling, 'multinomial'>;

function number(
  name: string,
  key: NumberKey,
  summary: string,
  [low, high]: readonly [number, number],
  whole = false,
): Parameter {
  return {
    name,
    summary,
    show: ({ sampling }) => sampling[key]?.toString(),
    change(text, { sampling }) {
      const { [key]: _, ...rest } = sampling;
      if (text === undefined) return { sampling: rest };
      return { sampling: { ...rest, [key]: parseNumber(name, text, low, high, whole) } };
    },
  };
}

const any = Number.MAX_SAFE_INTEGER;

export const parameters: readonly Parameter[] = [
  number('temperature', 'temperature', '0 takes the likeliest token every time', [0, 100]),
  number('top-k', 'topK', 'keep the k likeliest tokens; 0 keeps all', [0, any], true),
  number('top-p', 'topP', 'keep the likeliest tokens up to this probability; 1 keeps all', [0, 1]),
  number('min-p', 'minP', 'drop tokens below this share of the likeliest', [0, 1]),
  number('typical-p', 'typicalP', 'locally typical sampling; 1 is off', [0, 1]),
  number(
    'mirostat',
    'mirostat',
    'aim at a surprise instead of these: version 1 or 2; 0 is off',
    [0, 2],
    true,
  ),
  number('mirostat-tau', 'mirostatTau', 'the surprise that mirostat aims at, in bits a token', [0, 100]),
  number('mirostat-eta', 'mirostatEta', 'how quickly mirostat corrects itself', [0, 1]),
  number('repeat-penalty', 'repeatPenalty', '1 is off', [0.01, 100]),
  number('repeat-last-n', 'repeatLastN', 'how many last tokens the penalties look at', [0, any], true),
  number('frequency-penalty', 'frequencyPenalty', '0 is off', [-100, 100]),
  number('presence-penalty', 'presencePenalty', '0 is off', [-100, 100]),
  number('seed', 'seed', 'the same seed gives the same text', [0, any], true),
  {
    name: 'max-tokens',
    summary: 'longest answer, in tokens',
    show: ({ maxTokens }) => String(maxTokens),
    change(text) {
      if (text === undefined)
        throw new AppError('INVALID_SETTING', 'max-tokens needs a number.', { hint: '/set max-tokens 512' });
      return { maxTokens: parseNumber('max-tokens', text, 1, any, true) };
    },
  },
  {
    name: 'stop',
    summary: 'the answer ends before any of these texts',
    show: ({ stop }) => (stop.length === 0 ? undefined : stop.map((text) => JSON.stringify(text)).join(' ')),
    change: (text) => ({ stop: text === undefined ? [] : parseTexts(text) }),
  },
];

/** @throws AppError INVALID_SETTING with the known names. */
export function findParameter(name: string): Parameter {
  const wanted = name.toLowerCase().replaceAll('_', '-');
  const found = parameters.find((parameter) => parameter.name === wanted);
  if (found) return found;
  throw new AppError('INVALID_SETTING', `There is no parameter "${name}".`, {
    hint: `Known: ${parameters.map((parameter) => parameter.name).join(', ')}.`,
  });
}

function parseNumber(name: string, text: string, low: number, high: number, whole: boolean): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= low && value <= high && (!whole || Number.isInteger(value)))
    return value;
  const range = high === any ? `from ${low}` : `from ${low} to ${high}`;
  throw new AppError(
    'INVALID_SETTING',
    `${name} is a ${whole ? 'whole ' : ''}number ${range}, not "${text}".`,
    {
      hint: `/set ${name} default goes back to the engine's own.`,
    },
  );
}

/** Texts apart by spaces; one with spaces or a `\n` in it stands in double quotes. */
function parseTexts(text: string): string[] {
  return [...text.matchAll(/"(?:[^"\\]|\\.)*"|\S+/g)].map(([word]) => {
    if (!word.startsWith('"') || word.length < 2) return word;
    try {
      return String(JSON.parse(word));
    } catch (cause) {
      throw new AppError('INVALID_SETTING', `${word} is not a text in quotes.`, {
        hint: 'Write it as in JSON, for example "\\n".',
        cause,
      });
    }
  });
}
