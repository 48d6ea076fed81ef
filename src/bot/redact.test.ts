import { DiscordAPIError } from 'discord.js';
import { expect, test } from 'vitest';
import { createLog } from './log.ts';
import { createRedactor, safeError } from './redact.ts';

const token = [`A${'b'.repeat(23)}`, 'BBBBBB', 'C'.repeat(30)].join('.');
const interactionToken = 'aW50ZXJhY3Rpb246c2VjcmV0';
const redact = createRedactor([token]);

/** As discord.js throws it: with the interaction's token in its address and the body it sent. */
const apiError = new DiscordAPIError(
  { code: 10_062, message: 'Unknown interaction' },
  10_062,
  404,
  'POST',
  `https://discord.example/api/v10/interactions/123456789012345678/${interactionToken}/callback`,
  { body: { content: 'private words' }, files: undefined },
);

test('an error of Discord’s is logged without its tokens and without what people wrote', () => {
  const lines: string[] = [];
  const log = createLog('info', redact, { write: (line: string) => lines.push(line) });
  const wrapped = new Error(`failed with Bot ${token}`, { cause: apiError });
  log.error({ error: safeError(wrapped, redact) }, 'failed');
  const [line = ''] = lines;
  expect(JSON.parse(line)).toMatchObject({
    msg: 'failed',
    error: {
      message: 'failed with Bot [token]',
      cause: { name: 'DiscordAPIError', code: 10_062, status: 404 },
    },
  });
  for (const secret of [token, interactionToken, 'private words']) expect(line).not.toContain(secret);
});

test.each([
  [
    `a token that is not ours: ${'D'.repeat(24)}.EEEEEE.${'F'.repeat(30)}`,
    'a token that is not ours: [token]',
  ],
  ['/webhooks/123/abc-def/messages/@original', '/webhooks/123/[token]/messages/@original'],
  ['{"token":"abc","a":1}', '{"token":"[token]","a":1}'],
  ['authorization: Bot abc', 'authorization: [token]'],
])('%s', (text, clean) => {
  expect(redact(text)).toBe(clean);
});
