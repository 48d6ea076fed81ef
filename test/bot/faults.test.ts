import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BotScene, contents, fakeToken, finished, openScene } from './harness.ts';
import { outcome, spawnBot } from './process.ts';

let scene: BotScene;
const mention = () => `<@${scene.fake.state.botUser.id}>`;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

test('a bot killed in the middle of an answer apologises for it exactly once', async () => {
  const { fake, anna, channel, env } = scene;
  await scene.bot.stop();
  // a filter that never ends keeps the answer open
  const filter = path.join(String(env['BABBLE_HOME']), 'slow.mjs');
  await writeFile(filter, 'export default () => new Promise((resolve) => setTimeout(resolve, 1e9));');
  const child = spawnBot(scene, { BABBLE_BOT_CONTENT_FILTER: filter });
  await fake.until('the process to connect', () => fake.gateway.connected > 0, 30_000);
  fake.slash(anna, channel, 'generate', { options: { prompt: 'em', temperature: 0 } });
  await fake.until(
    'the answer to begin',
    () => contents(scene).some((content) => content.startsWith('**em**')),
    30_000,
  );
  child.kill('SIGKILL');
  await once(child, 'close');

  await scene.restart();
  const apologies = () =>
    contents(scene).filter((content) => content.includes('sorry: the bot was restarted'));
  await fake.until('the apology', () => apologies().length > 0);
  const edits = fake.state.visible(channel.id)[0]!.history.length;
  await scene.restart();
  expect(apologies()).toHaveLength(1);
  expect(fake.state.visible(channel.id)[0]!.history).toHaveLength(edits);
});

test('SIGTERM lets an answer end, then exits 0', async () => {
  const { fake, anna, channel, env } = scene;
  await scene.bot.stop();
  const filter = path.join(String(env['BABBLE_HOME']), 'second.mjs');
  await writeFile(
    filter,
    'export default (text) => new Promise((resolve) => setTimeout(resolve, 500, text));',
  );
  const child = spawnBot(scene, { BABBLE_BOT_CONTENT_FILTER: filter });
  const end = outcome(child);
  await fake.until('the process to connect', () => fake.gateway.connected > 0, 30_000);
  fake.slash(anna, channel, 'generate', { options: { prompt: 'em', temperature: 0 } });
  await fake.until(
    'the answer to begin',
    () => contents(scene).some((content) => content.startsWith('**em**')),
    30_000,
  );
  child.kill('SIGTERM');
  expect((await end).code).toBe(0);
  expect(contents(scene)[0]).toMatch(/^\*\*em\*\*[a-z]*\n-# bigram-count · \d+ token/);
  await scene.restart();
});

test('SIGTERM ends the bot while Discord is away too', async () => {
  await scene.bot.stop();
  const child = spawnBot(scene, { BABBLE_BOT_LOG_LEVEL: 'info' });
  const end = outcome(child);
  await scene.fake.until('the process to connect', () => scene.fake.gateway.connected > 0, 30_000);
  let log = '';
  child.stderr?.on('data', (chunk) => (log += chunk));
  await scene.fake[Symbol.asyncDispose]();
  await scene.fake.until('the loss to be noticed', () => log.includes('"reconnecting"'));
  child.kill('SIGTERM');
  expect((await end).code).toBe(0);
});

test('a crash ends with 75 and prints no token: neither the bot’s nor an interaction’s', async () => {
  const { fake, anna, channel, env } = scene;
  await scene.bot.stop();
  const filter = path.join(String(env['BABBLE_HOME']), 'crash.mjs');
  await writeFile(
    filter,
    `export default () => {
       setTimeout(() => {
         const url = 'https://discord.example/interactions/1234/secret-of-the-interaction/callback';
         throw Object.assign(new Error('at ' + url), { url, requestBody: { json: 'private words' } });
       });
       return new Promise(() => {});
     };`,
  );
  const child = spawnBot(scene, { BABBLE_BOT_CONTENT_FILTER: filter, BABBLE_BOT_LOG_LEVEL: 'error' });
  const end = outcome(child);
  await fake.until('the process to connect', () => fake.gateway.connected > 0, 30_000);
  fake.slash(anna, channel, 'generate', { options: { prompt: 'em' } });
  const { code, out, err } = await end;
  expect(code).toBe(75);
  expect(err).toContain('the bot crashed');
  for (const secret of [fakeToken, 'secret-of-the-interaction', 'private words'])
    expect(out + err).not.toContain(secret);
  await scene.restart();
});

test('slow REST, and failures after Discord did what was asked: one answer to each, none doubled', async () => {
  const { fake, anna, channel } = scene;
  fake.rest.faults.delayMs = 60;
  const failOnce = (pattern: RegExp) => {
    fake.rest.faults.failAfter = { pattern, status: 502, times: 1 };
  };
  // the message is there, but discord.js is told otherwise and sends it again
  failOnce(/^POST \/channels\/\d+\/messages$/);
  const question = fake.say(anna, channel, `${mention()} em`);
  const reply = await finished(scene, 1);
  expect(reply.current.message_reference?.message_id).toBe(question.current.id);
  failOnce(/^POST \/interactions\//);
  fake.slash(anna, channel, 'generate', { options: { seed: 1337 } });
  expect((await finished(scene, 2)).current.content).toMatch(/^myliena\n/);
  failOnce(/^PATCH \/webhooks\//);
  fake.slash(anna, channel, 'generate', { options: { seed: 1337 } });
  await finished(scene, 3);
  expect(fake.rest.faults.failAfter?.times).toBe(0);
  expect(fake.state.visible(channel.id, anna).filter(({ current }) => current.author.bot)).toHaveLength(3);
});

test('a server that removed the bot while it was away is forgotten at the start', async () => {
  const { fake, guild, channel } = scene;
  scene.bot.context.store.updateChannel(channel.id, guild.id, { engine: 'bigram-grad' });
  await scene.bot.stop();
  fake.state.guilds.delete(guild.id);
  await scene.restart();
  expect(scene.bot.context.store.channelSettings(channel.id)).toEqual({});
});

test('a wrong token and a disallowed intent end with 78 and say what to click; the token is never printed', async () => {
  const wrong = ['X'.repeat(24), 'Y'.repeat(6), 'Z'.repeat(30)].join('.');
  const token = await outcome(spawnBot(scene, { DISCORD_TOKEN: wrong }));
  expect(token).toMatchObject({ code: 78, err: expect.stringContaining('Reset Token') });
  expect(token.out + token.err).not.toContain(wrong);

  await using strict = await openScene({}, { allowedIntents: (1 << 0) | (1 << 9) | (1 << 12) });
  const intent = await outcome(
    spawnBot(scene, { ...(strict.env as Record<string, string>), BABBLE_BOT_MESSAGE_CONTENT: 'true' }),
  );
  expect(intent).toMatchObject({ code: 78, err: expect.stringContaining('Privileged Gateway Intents') });
});

test('configuration problems come all at once, with exit code 78', async () => {
  const { code, err } = await outcome(
    spawnBot(scene, { DISCORD_TOKEN: '', BABBLE_BOT_SLOTS: '0', BABBLE_BOT_METRICS_PORT: 'x' }),
  );
  expect(code).toBe(78);
  for (const part of ['no token', 'limits.slots', 'metricsPort']) expect(err).toContain(part);
});

test('--register says what changes, --dry-run changes nothing, --invite asks for the least', async () => {
  const { fake } = scene;
  fake.state.commands.set(
    '',
    fake.state.commands.get('')!.filter(({ name }) => name !== 'help'),
  );
  const dry = await outcome(spawnBot(scene, {}, ['--register', '--dry-run']));
  expect(dry).toMatchObject({ code: 0, out: expect.stringContaining('added: help') });
  expect(fake.state.commands.get('')!.some(({ name }) => name === 'help')).toBe(false);
  const real = await outcome(spawnBot(scene, {}, ['--register']));
  expect(real.out).toContain('added: help');
  expect(real.out).toContain('unchanged: generate');
  expect(fake.state.commands.get('')!.some(({ name }) => name === 'help')).toBe(true);
  const invite = await outcome(spawnBot(scene, {}, ['--invite']));
  expect(invite.out).toContain(`client_id=${fake.state.applicationId}`);
});

test('drops, RESUMEs and duplicates: every message gets exactly one answer', async () => {
  const { fake, anna, channel } = scene;
  const count = 12;
  fake.gateway.faults.dropEvery = 5;
  fake.gateway.faults.duplicateEvery = 3;
  const questions = [];
  for (let n = 0; n < count; n += 1) {
    questions.push(fake.say(anna, channel, `${mention()} em`));
    await finished(scene, n + 1);
  }
  const replies = fake.state.visible(channel.id).filter(({ current }) => current.author.bot);
  const answered = replies.map(({ current }) => current.message_reference?.message_id);
  expect(answered.sort()).toEqual(questions.map(({ current }) => current.id).sort());
  expect(fake.gateway.seen.resumes).toBeGreaterThan(0);
}, 120_000);

test('what was written while no session was open is answered after a new IDENTIFY', async () => {
  const { fake, anna, channel } = scene;
  fake.say(anna, channel, `${mention()} em`);
  await finished(scene, 1);
  fake.gateway.faults.refuseResume = true;
  fake.gateway.closeAll(4000);
  await fake.until('the drop', () => fake.gateway.connected === 0);
  fake.gateway.forgetSessions();
  fake.say(anna, channel, `${mention()} an`);
  await finished(scene, 2);
  await fake.until('a new session', () => fake.gateway.seen.identifies >= 2);
}, 60_000);
