import { parse as parseToml, stringify } from 'smol-toml';
import type { SettingType } from './types.ts';

/** What a value must be, for a person. */
export function describeType(type: SettingType): string {
  switch (type.kind) {
    case 'text':
      return 'a text';
    case 'texts':
      return 'a list of up to 16 texts, none empty';
    case 'switch':
      return 'true or false';
    case 'number': {
      const range = type.high === undefined ? `from ${type.low}` : `from ${type.low} to ${type.high}`;
      return `a ${type.whole ? 'whole ' : ''}number ${range}`;
    }
    case 'choice':
      return `one of ${type.choices.join(', ')}`;
    default:
      return type satisfies never;
  }
}

export function fits(type: SettingType, value: unknown): boolean {
  switch (type.kind) {
    case 'text':
      return typeof value === 'string';
    case 'texts':
      return (
        Array.isArray(value) &&
        value.length <= 16 &&
        value.every((entry) => typeof entry === 'string' && entry !== '')
      );
    case 'switch':
      return typeof value === 'boolean';
    case 'number':
      return (
        typeof value === 'number' &&
        value >= type.low &&
        value <= (type.high ?? Number.MAX_SAFE_INTEGER) &&
        (!type.whole || Number.isInteger(value))
      );
    case 'choice':
      return typeof value === 'string' && type.choices.includes(value);
    default:
      return type satisfies never;
  }
}

/** Reads a value from what a person wrote in a variable or on the command line; what does not fit stays text. */
export function fromText(type: SettingType, text: string): unknown {
  switch (type.kind) {
    case 'text':
    case 'choice':
      return text;
    case 'switch':
      if (/^(true|yes|on|1)$/i.test(text)) return true;
      return /^(false|no|off|0)$/i.test(text) ? false : text;
    case 'number':
      return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
    case 'texts':
      return text.startsWith('[') ? listFrom(text) : [text];
    default:
      return type satisfies never;
  }
}

/** A value as TOML has it. */
export function toToml(value: unknown): string {
  return stringify({ value })
    .trim()
    .replace(/^value = /, '');
}

function listFrom(text: string): unknown {
  try {
    return parseToml(`list = ${text}`)['list'];
  } catch {
    return text;
  }
}
