import { expect, test } from 'vitest';
import { sanitiseForDiscord } from './sanitise-discord.ts';

test.each([
  ['[my bank](https://evil.example/x)', 'my bank (<https://evil.example/x>)'],
  ['[a](<https://evil.example> "title")', 'a (<https://evil.example>)'],
  ['[https://good.example](HTTPS://evil.example)', 'https://good.example (<HTTPS://evil.example>)'],
  ['see https://plain.example', 'see https://plain.example'],
  ['`[a](https://b.example)`', '`[a](https://b.example)`'],
  ['```\n[a](https://b.example)\n```', '```\n[a](https://b.example)\n```'],
  ['list[0](call)', 'list[0](call)'],
  ['\\`[a](https://b.example)`', '\\`a (<https://b.example>)`'],
  ['x ```[a](https://b.example)', 'x ```a (<https://b.example>)'],
  ['```md\n[a](https://b.example)', '```md\n[a](https://b.example)'],
])('%j is sent as %j', (text, sent) => {
  expect(sanitiseForDiscord(text)).toBe(sent);
});

test('bidirectional overrides and tag characters are gone', () => {
  expect(sanitiseForDiscord('a\u202eb\u{E0041}c')).toBe('abc');
});
