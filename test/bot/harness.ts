import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { REST } from 'discord.js';
import { type RunningBot, startBot } from '../../src/bot/bot.ts';
import { readBotConfig } from '../../src/bot/config.ts';
import { registerCommands } from '../../src/bot/register.ts';
import { FakeDiscord, type FakeDiscordOptions } from '../discord/fake-discord.ts';

/** A token of the right form that belongs to nobody. */
export const fakeToken = ['A'.repeat(24), 'B'.repeat(6), 'C'.repeat(30)].join('.');

/** The real bot on a Discord on loopback, with the shipped engines. */
export interface BotScene extends AsyncDisposable {
  readonly fake: FakeDiscord;
  readonly env: NodeJS.ProcessEnv;
  bot: RunningBot;
  readonly guild: ReturnType<FakeDiscord['state']['addGuild']>;
  readonly channel: ReturnType<FakeDiscord['state']['addChannel']>;
  readonly anna: ReturnType<FakeDiscord['state']['addUser']>;
  readonly ben: ReturnType<FakeDiscord['state']['addUser']>;
  /** Stops the bot and starts it again on the same database. */
  restart(): Promise<void>;
}

export async function openScene(
  settings: Readonly<Record<string, string>> = {},
  discord: FakeDiscordOptions = {},
  /** Quick, for tests with a few edits; a long stream needs a pace nearer the bot's own 1,200 ms. */
  editIntervalMs = 100,
): Promise<BotScene> {
  const folder = await mkdtemp(path.join(tmpdir(), 'babble-bot-'));
  const fake = await FakeDiscord.start({ token: fakeToken, ...discord });
  // a busy machine may be late: that is for `npm run soak:bot` to find out, not for tests
  fake.interactions.acknowledgeMs = 60_000;
  const guild = fake.state.addGuild('home');
  const channel = fake.state.addChannel(guild, 'general');
  const anna = fake.state.addUser('anna');
  const ben = fake.state.addUser('ben');
  const env = {
    DISCORD_TOKEN: fakeToken,
    BABBLE_HOME: folder,
    BABBLE_BOT_API: fake.api,
    BABBLE_BOT_ENGINE: 'bigram-count',
    BABBLE_BOT_COOLDOWN_SECONDS: '0',
    BABBLE_BOT_LOG_LEVEL: 'silent',
    BABBLE_BOT_DATABASE: path.join(folder, 'bot.db'),
    BABBLE_BOT_DRAIN_SECONDS: '5',
    ...settings,
  };
  await registerCommands(new REST({ api: fake.api }).setToken(fakeToken), { dryRun: false });
  const start = () => startBot(readBotConfig(env), { editIntervalMs });
  const scene: BotScene = {
    fake,
    env,
    guild,
    channel,
    anna,
    ben,
    bot: await start(),
    async restart() {
      await scene.bot.stop();
      scene.bot = await start();
    },
    async [Symbol.asyncDispose]() {
      await scene.bot.stop();
      await fake[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return scene;
}

/** The contents a person sees in a channel, oldest first. */
export function contents(scene: BotScene, viewer = scene.anna, channelId = scene.channel.id): string[] {
  return scene.fake.state.visible(channelId, viewer).map(({ current }) => current.content);
}

/** Waits for the newest message whose answer has ended (its Stop button is gone) and returns it. */
export function finished(scene: BotScene, count: number, viewer = scene.anna, channelId = scene.channel.id) {
  return scene.fake.until(`answer ${count} to end`, () => {
    const ended = scene.fake.state
      .visible(channelId, viewer)
      .filter(({ current }) => JSON.stringify(current.components).includes('answer:regenerate'));
    return ended.length >= count && ended[count - 1];
  });
}
