import { Client, Events, GatewayIntentBits, MessageFlags, REST, Routes } from 'discord.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeDiscord } from './fake-discord.ts';

/** The test bed itself, driven by the real discord.js: what it promises must hold before a bot is tested on it. */
let fake: FakeDiscord;
let client: Client;
const intents = [GatewayIntentBits.Guilds, GatewayIntentBits.GuildMessages, GatewayIntentBits.DirectMessages];

async function connect(options: { intents?: readonly GatewayIntentBits[] } = {}): Promise<void> {
  client = new Client({ intents: options.intents ?? intents, rest: { api: fake.api } });
  await Promise.all([
    new Promise((resolve) => client.once(Events.ClientReady, resolve)),
    client.login(fake.token),
  ]);
}

beforeEach(async () => {
  fake = await FakeDiscord.start();
});
afterEach(async () => {
  await client?.destroy();
  await fake[Symbol.asyncDispose]();
});

test('discord.js logs in, sees its guilds, answers a message', async () => {
  const guild = fake.state.addGuild('home');
  const channel = fake.state.addChannel(guild, 'general');
  const anna = fake.state.addUser('anna');
  await connect();
  client.on(Events.MessageCreate, (message) => {
    if (!message.author.bot) void message.reply(`hello ${message.author.username}`);
  });
  expect(client.guilds.cache.get(guild.id)?.name).toBe('home');
  fake.say(anna, channel, `<@${fake.state.botUser.id}> hi`);
  const answer = await fake.until('the reply', () => fake.state.visible(channel.id)[1]);
  expect(answer.current.content).toBe('hello anna');
});

test('content of a message is hidden without the intent, unless it is meant for the bot', async () => {
  const guild = fake.state.addGuild('home');
  const channel = fake.state.addChannel(guild, 'general');
  const anna = fake.state.addUser('anna');
  await connect();
  const seen: string[] = [];
  client.on(Events.MessageCreate, (message) => {
    seen.push(message.content);
  });
  fake.say(anna, channel, 'secret');
  fake.say(anna, channel, `<@${fake.state.botUser.id}> open`);
  await fake.until('both messages', () => seen.length === 2);
  expect(seen).toEqual(['', `<@${fake.state.botUser.id}> open`]);
});

test('an interaction is deferred, edited and followed up; a second acknowledgement is refused', async () => {
  const channel = fake.state.addChannel(fake.state.addGuild('home'), 'general');
  const anna = fake.state.addUser('anna');
  await connect();
  const refusals: unknown[] = [];
  client.on(Events.InteractionCreate, async (interaction) => {
    if (!interaction.isChatInputCommand()) return;
    await interaction.deferReply();
    await interaction.client.rest
      .post(Routes.interactionCallback(interaction.id, interaction.token), { body: { type: 6 } })
      .catch((error: { code: number }) => refusals.push(error.code));
    await interaction.editReply(`you said ${interaction.options.getString('prompt')}`);
    await interaction.followUp({ content: 'only you', flags: MessageFlags.Ephemeral });
  });
  fake.slash(anna, channel, 'generate', { options: { prompt: 'a' } });
  await fake.until('the follow-up', () => fake.state.visible(channel.id, anna).length === 2);
  expect(fake.state.visible(channel.id, anna).map(({ current }) => current.content)).toEqual([
    'you said a',
    'only you',
  ]);
  expect(fake.state.visible(channel.id, fake.state.addUser('ben'))).toHaveLength(1);
  expect(refusals).toEqual([40060]);
});

test('RESUME replays what was missed; INVALID_SESSION makes discord.js identify again', async () => {
  const channel = fake.state.addChannel(fake.state.addGuild('home'), 'general');
  const anna = fake.state.addUser('anna');
  await connect();
  const seen: string[] = [];
  client.on(Events.MessageCreate, (message) => {
    seen.push(message.id);
  });
  fake.gateway.closeAll(4000);
  await fake.until('the drop', () => fake.gateway.connected === 0);
  const missed = fake.say(anna, channel, 'while you were away');
  await fake.until('the replay', () => seen.includes(missed.current.id));
  expect(fake.gateway.seen).toMatchObject({ identifies: 1, resumes: 1 });

  fake.gateway.faults.refuseResume = true;
  fake.gateway.closeAll(4000);
  await fake.until(
    'a new session',
    () => fake.gateway.seen.identifies === 2 && fake.gateway.connected === 1,
    30_000,
  );
});

test('the limiter answers 429 past five messages in five seconds', async () => {
  const channel = fake.state.addChannel(fake.state.addGuild('home'), 'general');
  const send = (n: number) =>
    fetch(`${fake.api}/v10/channels/${channel.id}/messages`, {
      method: 'POST',
      headers: { authorization: `Bot ${fake.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ content: `message ${n}` }),
    });
  const statuses = [];
  for (let n = 0; n < 6; n += 1) statuses.push((await send(n)).status);
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
  expect(fake.rest.limiter.refused).toHaveLength(1);
});

test('a body that breaks Discord’s limits is refused with 50035', async () => {
  const channel = fake.state.addChannel(fake.state.addGuild('home'), 'general');
  const rest = new REST({ api: fake.api }).setToken(fake.token);
  await expect(
    rest.post(Routes.channelMessages(channel.id), { body: { content: 'x'.repeat(2001) } }),
  ).rejects.toMatchObject({
    code: 50035,
  });
  const commands = [{ name: 'Generate', description: 'no capitals allowed' }];
  await expect(
    rest.put(Routes.applicationCommands(fake.state.applicationId), { body: commands }),
  ).rejects.toMatchObject({
    code: 50035,
  });
});

test('a wrong token closes the gateway with 4004 and REST with 401', async () => {
  client = new Client({ intents, rest: { api: fake.api } });
  await expect(client.login('wrong')).rejects.toThrow(/token/i);
});

test('attachments go both ways', async () => {
  const channel = fake.state.addChannel(fake.state.addGuild('home'), 'general');
  const anna = fake.state.addUser('anna');
  await connect();
  client.on(Events.MessageCreate, async (message) => {
    const attachment = message.attachments.first();
    if (message.author.bot || !attachment) return;
    const text = await (await fetch(attachment.url)).text();
    await message.reply({
      content: 'back',
      files: [{ attachment: Buffer.from(text.toUpperCase()), name: 'loud.txt' }],
    });
  });
  const files = [{ name: 'quiet.txt', bytes: Buffer.from('psst') }];
  fake.say(anna, channel, `<@${fake.state.botUser.id}>`, { files });
  const answer = await fake.until('the file', () => fake.state.visible(channel.id)[1]);
  expect(String(answer.files[0]?.bytes)).toBe('PSST');
});
