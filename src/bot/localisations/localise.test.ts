import { expect, test } from 'vitest';
import { allDefinitions } from '../commands/index.ts';
import { locales } from './localise.ts';

interface Named {
  readonly name: string;
  readonly options?: readonly Named[];
}

/** Every key a locale must have: `command` and `command.option`. */
const keys = (allDefinitions() as readonly Named[]).flatMap(({ name, options = [] }) => [
  name,
  ...options.map((option) => `${name}.${option.name}`),
]);

test.each(Object.entries(locales))(
  '%s names and describes every command and option, and nothing else',
  (_, locale) => {
    expect(Object.keys(locale).sort()).toEqual([...keys].sort());
    for (const [key, [name, description]] of Object.entries(locale)) {
      const isMenu = key.includes(' ');
      expect(name, key).toMatch(isMenu ? /^.{1,32}$/u : /^[-_'\p{L}\p{N}]{1,32}$/u);
      if (isMenu) continue;
      expect(name, key).toBe(name.toLowerCase());
      expect(description.length, key).toBeGreaterThan(0);
      expect(description.length, key).toBeLessThanOrEqual(100);
    }
  },
);

test('no two commands, and no two options of one, have the same name in a language', () => {
  for (const locale of Object.values(locales)) {
    const named = keys.map((key) => `${key.split('.').slice(0, -1).join('.')}/${locale[key]?.[0]}`);
    expect(new Set(named).size).toBe(named.length);
  }
});
