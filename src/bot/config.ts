import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { userPaths } from '../paths.ts';

const ids = z.array(z.string().regex(/^\d{15,21}$/, 'expected a Discord id of 15 to 21 digits')).default([]);
const count = (low: number, high: number, otherwise: number) =>
  z.number().int().min(low).max(high).default(otherwise);

const schema = z.strictObject({
  /** From DISCORD_TOKEN; may stand in the file, which should then be readable by its owner only. */
  token: z
    .string({
      error: 'no token: set DISCORD_TOKEN, or `token` in the file (Developer Portal → Bot → Reset Token)',
    })
    .regex(/^[\w.-]{20,}$/, 'this does not look like a bot token (Developer Portal → Bot → Reset Token)'),
  /** Engine and model that answer where a channel has set none. */
  engine: z.string().default('mlp'),
  model: z.string().optional(),
  /** Read every message (a privileged intent), so that plain replies work where the bot is not mentioned. */
  messageContent: z.boolean().default(false),
  /** Guild that `--register` deploys to; absent: everywhere. */
  guild: z
    .string()
    .regex(/^\d{15,21}$/, 'expected a Discord id of 15 to 21 digits')
    .optional(),
  allow: z.strictObject({ guilds: ids, channels: ids, roles: ids }).prefault({}),
  deny: z.strictObject({ guilds: ids, channels: ids, roles: ids, users: ids }).prefault({}),
  limits: z
    .strictObject({
      slots: count(1, 64, 1),
      waiting: count(0, 1_000, 20),
      perUser: count(1, 100, 2),
      perGuild: count(1, 1_000, 20),
      cooldownSeconds: z.number().min(0).max(3_600).default(2),
      promptCharacters: count(1, 100_000, 4_000),
      maxTokens: count(1, 100_000, 1_024),
      attachmentBytes: count(1, 10_000_000, 100_000),
      engineMemoryBytes: z.number().int().min(1).optional(),
    })
    .prefault({}),
  /** Processes that share the servers; 'auto' takes what Discord recommends. More than one share one engine service. */
  shards: z.union([z.literal('auto'), z.number().int().min(1).max(1_000)]).default(1),
  /** Seconds that SIGTERM waits for answers under way. */
  drainSeconds: z.number().min(0).max(900).default(30),
  /** Prometheus metrics and health on loopback; 0 turns them off. */
  metricsPort: z.number().int().min(0).max(65_535).default(0),
  /** A module whose default export `(text) => text | null` sees every answer first; null withholds it. */
  contentFilter: z.string().optional(),
  /** The bot's database. */
  database: z.string().optional(),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** Base address of Discord's REST API; a test points it at loopback. */
  api: z.url().default('https://discord.com/api'),
});

/** The bot's whole configuration, checked. */
export type BotConfig = z.infer<typeof schema>;

type Path = readonly string[];

/** Environment variables and the setting each stands for. Numbers, booleans and lists are parsed. */
const variables: Readonly<Record<string, Path>> = {
  DISCORD_TOKEN: ['token'],
  BABBLE_BOT_ENGINE: ['engine'],
  BABBLE_BOT_MODEL: ['model'],
  BABBLE_BOT_MESSAGE_CONTENT: ['messageContent'],
  BABBLE_BOT_GUILD: ['guild'],
  BABBLE_BOT_ALLOW_GUILDS: ['allow', 'guilds'],
  BABBLE_BOT_ALLOW_CHANNELS: ['allow', 'channels'],
  BABBLE_BOT_ALLOW_ROLES: ['allow', 'roles'],
  BABBLE_BOT_DENY_GUILDS: ['deny', 'guilds'],
  BABBLE_BOT_DENY_CHANNELS: ['deny', 'channels'],
  BABBLE_BOT_DENY_ROLES: ['deny', 'roles'],
  BABBLE_BOT_DENY_USERS: ['deny', 'users'],
  BABBLE_BOT_SLOTS: ['limits', 'slots'],
  BABBLE_BOT_WAITING: ['limits', 'waiting'],
  BABBLE_BOT_PER_USER: ['limits', 'perUser'],
  BABBLE_BOT_PER_GUILD: ['limits', 'perGuild'],
  BABBLE_BOT_COOLDOWN_SECONDS: ['limits', 'cooldownSeconds'],
  BABBLE_BOT_MAX_TOKENS: ['limits', 'maxTokens'],
  BABBLE_BOT_SHARDS: ['shards'],
  BABBLE_BOT_DRAIN_SECONDS: ['drainSeconds'],
  BABBLE_BOT_METRICS_PORT: ['metricsPort'],
  BABBLE_BOT_CONTENT_FILTER: ['contentFilter'],
  BABBLE_BOT_DATABASE: ['database'],
  BABBLE_BOT_LOG_LEVEL: ['logLevel'],
  BABBLE_BOT_API: ['api'],
};

const texts = new Set(['token', 'engine', 'model', 'guild', 'contentFilter', 'database', 'logLevel', 'api']);
const lists = new Set(['guilds', 'channels', 'roles', 'users']);

/** Every setting with its variable and, where it is one number or switch, its default; docs/discord.md has them all. */
export function settingsForDocs(): { setting: string; variable?: string; value?: number | boolean }[] {
  const defaults: Record<string, unknown> = schema.parse({ token: 'x'.repeat(20) });
  const names = new Map(Object.entries(variables).map(([variable, keys]) => [keys.join('.'), variable]));
  const leaf = (setting: string, value: unknown) => {
    const variable = names.get(setting);
    return {
      setting,
      ...(variable === undefined ? {} : { variable }),
      ...(typeof value === 'number' || typeof value === 'boolean' ? { value } : {}),
    };
  };
  return Object.entries(schema.shape).flatMap(([name, field]) => {
    if (!(field instanceof z.ZodPrefault)) return [leaf(name, defaults[name])];
    const inner = field.unwrap() as z.ZodObject;
    const values = defaults[name] as Record<string, unknown>;
    return Object.keys(inner.shape).map((key) => leaf(`${name}.${key}`, values[key]));
  });
}

/**
 * Reads the bot's configuration: the file (TOML), then the environment over it.
 * @param file path of the file; default `bot.toml` in babble's configuration folder, if it is there.
 * @throws AppError BOT_CONFIG that lists every problem at once.
 */
export function readBotConfig(env: NodeJS.ProcessEnv, file?: string): BotConfig {
  const settings = readFile(file ?? path.join(userPaths(env).config, 'bot.toml'), file !== undefined);
  const sources = new Map<string, string>();
  for (const [variable, keys] of Object.entries(variables)) {
    const text = env[variable];
    if (text === undefined || text === '') continue;
    put(settings, keys, parseVariable(keys.at(-1)!, text));
    sources.set(keys.join('.'), variable);
  }
  const result = schema.safeParse(settings);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    const key = issue.path.map(String).join('.');
    const source = sources.get(key.replace(/\.\d+$/, ''));
    return `  ${[key, source && `(${source})`].filter(Boolean).join(' ')}: ${issue.message}`;
  });
  throw new AppError(
    'BOT_CONFIG',
    `The bot's configuration has ${problems.length} problem(s):\n${problems.join('\n')}`,
    {
      hint: 'docs/discord.md lists every setting.',
    },
  );
}

function readFile(file: string, mustExist: boolean): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (!mustExist && (cause as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new AppError('BOT_CONFIG', `The bot's configuration file ${file} cannot be read.`, { cause });
  }
  try {
    return parseToml(text);
  } catch (cause) {
    // the parser's message quotes the lines around the fault, where a token may stand
    const line = (cause as { line?: number }).line;
    throw new AppError(
      'BOT_CONFIG',
      `The bot's configuration file ${file} is no valid TOML (line ${line ?? 'unknown'}).`,
    );
  }
}

function parseVariable(name: string, text: string): unknown {
  if (lists.has(name)) return text.split(/[\s,]+/).filter((part) => part !== '');
  if (texts.has(name)) return text;
  if (/^(true|yes|on)$/i.test(text)) return true;
  if (/^(false|no|off)$/i.test(text)) return false;
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

function put(target: Record<string, unknown>, [first, ...rest]: Path, value: unknown): void {
  if (first === undefined) return;
  if (rest.length === 0) {
    target[first] = value;
    return;
  }
  const inner = target[first];
  const object = typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : {};
  target[first] = object;
  put(object, rest, value);
}
