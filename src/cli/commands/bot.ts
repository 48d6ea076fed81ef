import type { BotConfig } from '../../bot/config.ts';
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

async function printInvite(config: BotConfig): Promise<number> {
  const { createRest } = await import('../../bot/bot.ts');
  const { inviteLink, neededPermissions, readApplicationId } = await import('../../bot/invite.ts');
  process.stdout.write(
    `${inviteLink(await readApplicationId(createRest(config)))}\n\nIt asks for no more than this:\n`,
  );
  for (const [, reason] of neededPermissions) process.stdout.write(`  ${reason}\n`);
  return 0;
}

async function register(config: BotConfig, dryRun: boolean): Promise<number> {
  const { createRest } = await import('../../bot/bot.ts');
  const { registerCommands } = await import('../../bot/register.ts');
  const changes = await registerCommands(createRest(config), { guild: config.guild, dryRun });
  const where = config.guild ? `to server ${config.guild}` : 'everywhere';
  process.stdout.write(`${dryRun ? 'Would deploy' : 'Deployed'} ${where}:\n`);
  for (const [what, names] of Object.entries(changes)) {
    if (names.length > 0) process.stdout.write(`  ${what}: ${names.join(', ')}\n`);
  }
  return 0;
}

/** Runs every shard in a process of its own. */
async function runAllShards(config: BotConfig, args: readonly string[]): Promise<number> {
  const { startShards } = await import('../shard-manager.ts');
  return await (await startShards(config, args, stopRequested())).ended;
}

/** Aborts when the process is asked to stop. */
function stopRequested(): AbortSignal {
  const stop = new AbortController();
  const request = () => stop.abort();
  process.on('SIGINT', request).on('SIGTERM', request);
  // a shard does not outlive the process that started it
  if (process.env['BABBLE_BOT_SHARD'] !== undefined) process.once('disconnect', request);
  return stop.signal;
}

/** Connects, and connects again with longer and longer waits while Discord cannot be reached. */
async function keepRunning(config: BotConfig, own: string | undefined): Promise<number> {
  const { startBot } = await import('../../bot/bot.ts');
  const stop = stopRequested();
  await guardCrashes(config);
  const options = own === undefined ? {} : await shardOptions(own);
  for (let attempt = 0; !stop.aborted; attempt += 1) {
    try {
      const bot = await startBot(config, options);
      process.send?.({ type: 'ready' });
      attempt = 0;
      const asked = new Promise<void>((resolve) =>
        stop.addEventListener('abort', () => resolve(), { once: true }),
      );
      if (stop.aborted) await bot.stop();
      await Promise.race([asked, bot.closed]).finally(() => bot.stop());
    } catch (error) {
      const known = AppError.from(error);
      if (known.code !== 'BOT_UNREACHABLE') throw known;
      const wait = Math.min(longestWaitMs, 1_000 * 2 ** attempt);
      process.stderr.write(`babble bot: ${known.message} Trying again in ${Math.round(wait / 1_000)} s.\n`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait);
        stop.addEventListener('abort', () => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }
  // discord.js goes on with an attempt to connect that it was in: nothing else would end this process
  process.exit(0);
}

/** A shard takes engines and turns from the process that started it. */
async function shardOptions(own: string) {
  const { SharedQueue } = await import('../../bot/queue/shared.ts');
  const [id = 0, count = 1] = own.split('/').map(Number);
  const service = process.env['BABBLE_BOT_SERVICE'];
  return {
    shard: { id, count },
    queue: new SharedQueue(process),
    ...(service === undefined ? {} : { service }),
  };
}

/** What nobody caught ends the process without a word of tokens: Node would print an error with all its fields. */
async function guardCrashes(config: BotConfig): Promise<void> {
  const { exitCodes } = await import('../../bot/exit.ts');
  const { createLog } = await import('../../bot/log.ts');
  const { createRedactor, safeError } = await import('../../bot/redact.ts');
  const redact = createRedactor([config.token]);
  const log = createLog(config.logLevel, redact);
  const crash = (error: unknown) => {
    log.fatal({ error: safeError(error, redact) }, 'the bot crashed');
    process.exit(exitCodes.tryAgain);
  };
  process.on('uncaughtException', crash).on('unhandledRejection', crash);
}
