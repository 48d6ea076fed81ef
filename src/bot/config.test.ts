import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../paths.ts';
import { readBotConfig, settingsForDocs } from './config.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'babble-bot-config-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const token = `${'A'.repeat(24)}.BBBBBB.${'C'.repeat(30)}`;

async function file(text: string): Promise<string> {
  const name = path.join(folder, `${Math.random()}.toml`);
  await writeFile(name, text);
  return name;
}

test('a token alone is enough; everything else has a default', async () => {
  const config = readBotConfig({ DISCORD_TOKEN: token, BABBLE_HOME: folder });
  expect(config).toMatchObject({
    token,
    engine: 'mlp',
    messageContent: false,
    limits: { slots: 1, perUser: 2 },
  });
});

test('the environment is stronger than the file', async () => {
  const name = await file(`engine = "gpt"\n[limits]\nslots = 3\nwaiting = 7\n`);
  const env = {
    DISCORD_TOKEN: token,
    BABBLE_BOT_SLOTS: '2',
    BABBLE_BOT_ALLOW_GUILDS: '123456789012345678, 223456789012345678',
  };
  const config = readBotConfig(env, name);
  expect(config).toMatchObject({ engine: 'gpt', limits: { slots: 2, waiting: 7 } });
  expect(config.allow.guilds).toEqual(['123456789012345678', '223456789012345678']);
});

test('every problem is listed at once, with the variable it came from', async () => {
  const name = await file(`engin = "gpt"\n[deny]\nroles = ["moderators"]\n`);
  const problems = () => readBotConfig({ BABBLE_BOT_SLOTS: 'many', BABBLE_BOT_METRICS_PORT: '99999' }, name);
  for (const part of [
    'no token: set DISCORD_TOKEN',
    'limits.slots (BABBLE_BOT_SLOTS)',
    'metricsPort',
    'engin',
    'deny.roles.0',
  ]) {
    expect(problems).toThrow(part);
  }
});

test('a file that is no TOML does not spill its lines', async () => {
  const name = await file(`token = "${token}\nx`);
  expect(() => readBotConfig({}, name)).toThrow(/no valid TOML \(line 1/);
  try {
    readBotConfig({}, name);
  } catch (error) {
    expect(
      JSON.stringify({ ...(error as object), text: String(error), cause: String((error as Error).cause) }),
    ).not.toContain(token);
  }
});

test('a file that was named must be there', () => {
  expect(() => readBotConfig({ DISCORD_TOKEN: token }, path.join(folder, 'none.toml'))).toThrow(
    'cannot be read',
  );
});

test('docs/discord.md lists every setting with its variable and default', () => {
  const page = readFileSync(path.join(packageRoot, 'docs', 'discord.md'), 'utf8');
  const rows = new Map(
    [...page.matchAll(/^\| `([\w.]+)` \| (?:`(\w+)`)? ?\|([^|]*)\|/gm)].map(
      ([, setting, variable, value]) => [setting!, { variable, value: value!.trim() }],
    ),
  );
  const documented = settingsForDocs();
  expect([...rows.keys()].sort()).toEqual(documented.map(({ setting }) => setting).sort());
  for (const { setting, variable, value } of documented) {
    expect(rows.get(setting)?.variable, setting).toBe(variable);
    // other defaults (none, all) are told in words
    if (value !== undefined) expect(rows.get(setting)?.value, setting).toBe(`\`${value}\``);
  }
});
