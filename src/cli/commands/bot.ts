import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { listModels, resolveModel } from '../../catalogue/catalogue.ts';
import { AppError } from '../../errors.ts';
import { createCommand } from '../options.ts';
import { reportError } from '../report-error.ts';

interface BotOptions {
  readonly config?: string;
  readonly register?: boolean;
  readonly dryRun?: boolean;
  readonly invite?: boolean;
}

/** Longest wait between two attempts to connect, in milliseconds. */
const longestWaitMs = 60_000;

/** `babble bot`: the Discord bot. */
export async function run(args: readonly string[]): Promise<number> {
  const command = createCommand(
    'bot',
    'The Discord bot. DISCORD_TOKEN holds its token; docs/discord.md says how to get one.',
  )
    .option('--config <file>', 'settings (TOML); default: bot.toml in the configuration folder')
    .option('--register', 'deploy the slash commands and say what changed')
    .option('--dry-run', 'with --register: only say what would change; alone: check the configuration')
    .option('--invite', 'print the link that adds the bot to a server');
  command.parse(args, { from: 'user' });
  const options = command.opts<BotOptions>();
  const { readBotConfig } = await import('../../bot/config.ts');
  const { exitCodeOf, exitCodes } = await import('../../bot/exit.ts');
  try {
    const config = readBotConfig(process.env, options.config);
    if (options.invite) return await printInvite(config);
    if (options.register) return await register(config, options.dryRun ?? false);
    if (options.dryRun) {
      process.stdout.write(
        `The configuration is fine. ${config.engine} answers; ${config.limits.slots} slot(s) for each engine.\n`,
      );
      return 0;
    }
    const own = process.env['BABBLE_BOT_SHARD'];
    if (own === undefined && config.shards !== 1) return await runAllShards(config, args);
    return await keepRunning(config, own);
  } catch (error) {
    reportError(error);
    return error instanceof AppError ? exitCodeOf(error) : exitCodes.tryAgain;
  }
}

type Config = Awaited<ReturnType<typeof import('../../bot/config.ts')['readBotConfig']>>;

async function printInvite(config: Config): Promise<number> {
  const { createRest } = await import('../../bot/bot.ts');
  const { inviteLink, neededPermissions, readApplicationId } = await import('../../bot/invite.ts');
  process.stdout.write(
    `${inviteLink(await readApplicationId(createRest(config)))}\n\nIt asks for no more than this:\n`,
  );
  for (const [, reason] of neededPermissions) process.stdout.write(`  ${reason}\n`);
  return 0;
}

async function register(config: Config, dryRun: boolean): Promise<number> {
  const { createRest } = await import('../../bot/bot.ts');
  const { registerCommands } = await import('../../bot/register.ts');
  const changes = await registerCommands(createRest(config), { guild: config.guild, dryRun });
  const where = config.guild ? `guild ${config.guild}` : 'everywhere';
  process.stdout.write(`${dryRun ? 'Would deploy' : 'Deployed'} to ${where}:\n`);
  for (const [what, names] of Object.entries(changes)) {
    if (names.length > 0) process.stdout.write(`  ${what}: ${names.join(', ')}\n`);
  }
  return 0;
}

/** Starts the engine service and a process for each shard, which share it. */
async function runAllShards(config: Config, args: readonly string[]): Promise<number> {
  const { createRest } = await import('../../bot/bot.ts');
  const { planShards, runShards } = await import('../../bot/shards.ts');
  const { serve } = await import('../../serve/server.ts');
  const stop = new AbortController();
  const request = () => stop.abort();
  process.on('SIGINT', request).on('SIGTERM', request);
  const apiKey = randomUUID();
  const { toStartError } = await import('../../bot/exit.ts');
  const plan = await planShards(createRest(config), config.shards).catch((error: unknown) => {
    throw toStartError(error);
  });
  await using service = await serve({
    host: '127.0.0.1',
    port: 0,
    apiKey,
    offers: await findOffers(config),
    maxQueue: plan.count * (config.limits.slots + config.limits.waiting) * 10,
    maxLoaded: 4,
    idleMs: 10 * 60_000,
  });
  const entry = fileURLToPath(new URL(`../shard${path.extname(import.meta.url)}`, import.meta.url));
  const spawnShard = ({ id, count }: { id: number; count: number }) =>
    spawn(process.execPath, [entry, ...args], {
      env: {
        ...process.env,
        BABBLE_BOT_SHARD: `${id}/${count}`,
        BABBLE_BOT_SERVICE: `${service.url}/v1`,
        BABBLE_REMOTE_API_KEY: apiKey,
      },
      // the shard ends its answers by itself: Ctrl+C must not reach it twice
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
  return await runShards(plan, spawnShard, stop.signal);
}

/** Every usable model under `engine/model`, as the shards ask for it. */
async function findOffers({ engine, model }: Config) {
  const named = await resolveModel(engine, model);
  const listed = (await listModels()).filter(({ error }) => !error);
  return [
    { id: `${engine}/${named.id}`, engine, model: named },
    ...listed
      .filter((one) => one.engine !== engine || one.id !== named.id)
      .map((one) => ({
        id: `${one.engine}/${one.id}`,
        engine: one.engine,
        model: { id: one.id, path: one.path },
      })),
  ];
}

/** Connects, and connects again with longer and longer waits while Discord cannot be reached. */
async function keepRunning(config: Config, own: string | undefined): Promise<number> {
  const { startBot } = await import('../../bot/bot.ts');
  const stop = new AbortController();
  const request = () => stop.abort();
  process.on('SIGINT', request).on('SIGTERM', request);
  const service = process.env['BABBLE_BOT_SERVICE'];
  const [id = 0, count = 1] = own?.split('/').map(Number) ?? [];
  const options = { shard: { id, count }, ...(service === undefined ? {} : { service }) };
  // a shard does not outlive the process that started it
  if (own !== undefined) process.once('disconnect', request);
  for (let attempt = 0; !stop.signal.aborted; attempt += 1) {
    try {
      const bot = await startBot(config, options);
      process.send?.('ready');
      attempt = 0;
      const asked = new Promise<void>((resolve) =>
        stop.signal.addEventListener('abort', () => resolve(), { once: true }),
      );
      if (stop.signal.aborted) await bot.stop();
      await Promise.race([asked, bot.closed]).finally(() => bot.stop());
    } catch (error) {
      const known = AppError.from(error);
      if (known.code !== 'BOT_UNREACHABLE') throw known;
      const wait = Math.min(longestWaitMs, 1_000 * 2 ** attempt);
      process.stderr.write(`babble bot: ${known.message} Trying again in ${Math.round(wait / 1_000)} s.\n`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait);
        stop.signal.addEventListener('abort', () => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }
  return 0;
}
