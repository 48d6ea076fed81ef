/** Every setting there is. The file, the environment, the flags, `babble config` and docs/settings.md follow it. */
import type { SettingType } from './types.ts';

export interface Setting {
  /** As in the file; what stands before a dot is its table. */
  readonly key: string;
  readonly variable: string;
  /** Name of the command line's option, as commander gives it. */
  readonly option?: string;
  readonly type: SettingType;
  /** Absent: what `otherwise` tells. */
  readonly value?: string | number | boolean;
  /** What happens when it is not set, where that is no value. */
  readonly otherwise?: string;
  readonly summary: string;
}

const text: SettingType = { kind: 'text' };
const onOff: SettingType = { kind: 'switch' };
const number = (low: number, high: number | undefined, whole: boolean): SettingType => ({
  kind: 'number',
  low,
  whole,
  ...(high === undefined ? {} : { high }),
});
const decimal = (low: number, high?: number): SettingType => number(low, high, false);
const count = (low: number, high?: number): SettingType => number(low, high, true);

function sampling(name: string, variable: string, type: SettingType, summary: string): Setting {
  return {
    key: `sampling.${name}`,
    variable,
    option: name,
    type,
    otherwise: "the engine's own",
    summary,
  };
}

export const settingsTable: readonly Setting[] = [
  {
    key: 'engine',
    variable: 'BABBLE_ENGINE',
    option: 'engine',
    type: text,
    otherwise: 'chat: the one used last; run: mlp',
    summary: 'engine to begin with',
  },
  {
    key: 'model',
    variable: 'BABBLE_MODEL',
    option: 'model',
    type: text,
    otherwise: "the engine's own",
    summary: 'its model, by name or path',
  },
  {
    key: 'systemPrompt',
    variable: 'BABBLE_SYSTEM_PROMPT',
    option: 'system',
    type: text,
    otherwise: 'none',
    summary: 'system prompt of new conversations with chat engines',
  },
  {
    key: 'maxTokens',
    variable: 'BABBLE_MAX_TOKENS',
    option: 'maxTokens',
    type: count(1),
    otherwise: 'chat: 1024, or 500 on completion engines; run: 512',
    summary: 'longest answer, in tokens',
  },
  {
    key: 'stop',
    variable: 'BABBLE_STOP',
    option: 'stop',
    type: { kind: 'texts' },
    otherwise: 'none',
    summary: 'an answer ends before any of these texts',
  },
  {
    key: 'theme',
    variable: 'BABBLE_THEME',
    option: 'theme',
    type: { kind: 'choice', choices: ['auto', 'terminal', 'dark', 'light', 'high-contrast', 'none'] },
    value: 'auto',
    summary: 'colours of the chat',
  },
  {
    key: 'raw',
    variable: 'BABBLE_RAW',
    option: 'raw',
    type: onOff,
    value: false,
    summary: 'do not style the Markdown of answers',
  },
  {
    key: 'images',
    variable: 'BABBLE_IMAGES',
    option: 'images',
    type: { kind: 'choice', choices: ['auto', 'off', 'kitty', 'iterm2', 'sixel'] },
    value: 'auto',
    summary: 'draw windows into the model as images, where the terminal says it can',
  },
  {
    key: 'screenReader',
    variable: 'BABBLE_SCREEN_READER',
    option: 'screenReader',
    type: onOff,
    value: false,
    summary: 'plain labelled lines that a screen reader reads well',
  },
  {
    key: 'hints',
    variable: 'BABBLE_HINTS',
    option: 'hints',
    type: onOff,
    value: true,
    summary: 'say how to begin, in the first conversations',
  },
  {
    key: 'idleMinutes',
    variable: 'BABBLE_IDLE_MINUTES',
    option: 'idleMinutes',
    type: decimal(0, 34_560),
    value: 10,
    summary: 'unload an engine that was not used for so long; 0 never',
  },
  {
    key: 'engineMemoryMb',
    variable: 'BABBLE_ENGINE_MEMORY_MB',
    type: decimal(0, 16_777_216),
    value: 0,
    summary: 'end an engine process that takes more memory, in MiB; 0 no limit',
  },
  sampling('temperature', 'BABBLE_TEMPERATURE', decimal(0, 100), '0 takes the likeliest token every time'),
  sampling('topK', 'BABBLE_TOP_K', count(0), 'keep the k likeliest tokens; 0 keeps all'),
  sampling(
    'topP',
    'BABBLE_TOP_P',
    decimal(0, 1),
    'keep the likeliest tokens up to this probability; 1 keeps all',
  ),
  sampling(
    'minP',
    'BABBLE_MIN_P',
    decimal(0, 1),
    'drop tokens below this share of the likeliest; 0 drops none',
  ),
  sampling('typicalP', 'BABBLE_TYPICAL_P', decimal(0, 1), 'locally typical sampling; 1 is off'),
  sampling(
    'mirostat',
    'BABBLE_MIROSTAT',
    count(0, 2),
    'aim at a surprise instead of these: version 1 or 2; 0 is off',
  ),
  sampling(
    'mirostatTau',
    'BABBLE_MIROSTAT_TAU',
    decimal(0, 100),
    'the surprise that mirostat aims at, in bits a token',
  ),
  sampling('mirostatEta', 'BABBLE_MIROSTAT_ETA', decimal(0, 1), 'how quickly mirostat corrects itself'),
  sampling('repeatPenalty', 'BABBLE_REPEAT_PENALTY', decimal(0.01, 100), '1 is off'),
  sampling('repeatLastN', 'BABBLE_REPEAT_LAST_N', count(0), 'how many last tokens the penalties look at'),
  sampling('frequencyPenalty', 'BABBLE_FREQUENCY_PENALTY', decimal(-100, 100), '0 is off'),
  sampling('presencePenalty', 'BABBLE_PRESENCE_PENALTY', decimal(-100, 100), '0 is off'),
  sampling('seed', 'BABBLE_SEED', count(0), 'the same seed gives the same text'),
  sampling(
    'multinomial',
    'BABBLE_MULTINOMIAL',
    { kind: 'choice', choices: ['torch1', 'torch2'] },
    'how PyTorch of which era draws a token',
  ),
];

/** Variables of babble's that are no settings, each told of where it belongs. */
export const otherVariables: readonly (readonly [string, string])[] = [
  ['BABBLE_HOME', 'one folder for data, configuration and cache'],
  ['BABBLE_DEBUG', '1 shows where an error happened'],
  ['BABBLE_TENSORFLOW', '`wasm` leaves the native library out (tensorflow.md)'],
  ['BABBLE_REMOTE_URL', "the remote engine's server (serve.md)"],
  ['BABBLE_REMOTE_API_KEY', 'its key'],
  ['BABBLE_SERVE_API_KEY', 'the key that `babble serve` asks for (serve.md)'],
  ['BABBLE_BOT_…', "the Discord bot's (discord.md)"],
];

/** The setting of a key; capitals and dashes do not count, and `sampling.` may be left out. */
export function findSetting(key: string): Setting | undefined {
  const plain = (name: string) => name.toLowerCase().replaceAll(/[-_]/g, '');
  const wanted = plain(key);
  return settingsTable.find(
    (setting) => plain(setting.key) === wanted || plain(setting.key) === `sampling.${wanted}`,
  );
}
