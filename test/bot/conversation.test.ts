import { PermissionFlagsBits } from 'discord.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BotScene, contents, finished, openScene } from './harness.ts';

let scene: BotScene;
const mention = () => `<@${scene.fake.state.botUser.id}>`;
beforeAll(async () => {
  scene = await openScene();
  // greedy, so that no answer happens to be empty
  scene.bot.context.store.updateChannel(scene.channel.id, scene.guild.id, { sampling: { temperature: 0 } });
  const direct = scene.fake.state.directChannel(scene.anna);
  scene.bot.context.store.updateChannel(direct.id, null, { sampling: { temperature: 0 } });
});
afterAll(() => scene[Symbol.asyncDispose]());

test('a mention is answered as a reply, without a ping', async () => {
  const { fake, anna, channel } = scene;
  const question = fake.say(anna, channel, `${mention()} em`);
  const answer = await finished(scene, 1);
  expect(answer.current.message_reference?.message_id).toBe(question.current.id);
  const request = fake.rest.requests.find(({ path }) => path === `/channels/${channel.id}/messages`);
  expect(request?.body).toMatchObject({ allowed_mentions: { parse: [] } });
});

test('a reply goes on with the conversation, after a switch of engine too', async () => {
  const { fake, anna, ben, channel, bot } = scene;
  const first = await finished(scene, 1);
  fake.slash(ben, channel, 'engine', {
    options: { engine: 'bigram-grad' },
    permissions: PermissionFlagsBits.ManageChannels,
  });
  await fake.until('the switch', () =>
    contents(scene, ben).find((content) => content.includes('From now on bigram-grad')),
  );
  fake.say(anna, channel, `${mention()} an`, { replyTo: first });
  const second = await finished(scene, 2);
  expect(second.current.content).toContain('-# bigram-grad');
  const stored = await fake.until('the answer in the store', () =>
    bot.context.store.answerOfMessage(second.current.id),
  );
  expect(stored.request.messages.map(({ role, content }) => [role, role === 'user' ? content : '…'])).toEqual(
    [
      ['user', 'em'],
      ['assistant', '…'],
      ['user', 'an'],
    ],
  );
});

test('without the message-content intent a plain message is not read, and no answer comes', async () => {
  const { fake, anna, channel, bot } = scene;
  fake.say(anna, channel, 'nobody asked you');
  fake.say(anna, channel, `${mention()} li`);
  await finished(scene, 3);
  await fake.until('rest', () => bot.context.answers.activeCount === 0);
  expect(fake.state.visible(channel.id).filter(({ current }) => current.author.bot)).toHaveLength(3);
});

test('direct messages need no mention and remember', async () => {
  const { fake, anna, bot } = scene;
  const direct = fake.state.directChannel(anna);
  fake.say(anna, direct, 'jo');
  await finished(scene, 1, anna, direct.id);
  fake.say(anna, direct, 'ma');
  const second = await finished(scene, 2, anna, direct.id);
  expect(
    (
      await fake.until('the answer in the store', () => bot.context.store.answerOfMessage(second.current.id))
    ).request.messages.map(({ role }) => role),
  ).toEqual(['user', 'assistant', 'user']);
});

test('/chat opens a thread, and the conversation goes on there', async () => {
  const { fake, anna, channel } = scene;
  fake.slash(anna, channel, 'chat', { options: { prompt: 'kar', engine: 'bigram-count' } });
  await fake.until('the thread', () =>
    contents(scene).find((content) => content.includes('is open. Mention me')),
  );
  const thread = [...fake.state.channels.values()].find(({ parentId }) => parentId === channel.id)!;
  await finished(scene, 1, anna, thread.id);
  fake.say(anna, thread, `${mention()} le`);
  const second = await finished(scene, 2, anna, thread.id);
  expect(second.current.content).toContain('-# bigram-count');
});

test('the context menu goes on from anybody’s message', async () => {
  const { fake, anna, ben, channel } = scene;
  const text = fake.say(ben, channel, 'ru');
  fake.messageMenu(anna, text, 'Continue this with…');
  const menu = await fake.until('the menu', () =>
    fake.state
      .visible(channel.id, anna)
      .findLast(({ current }) => JSON.stringify(current.components).includes('pick:text')),
  );
  const [row] = menu.current.components as unknown as { components: { custom_id: string }[] }[];
  fake.press(anna, menu, row!.components[0]!.custom_id, { values: ['bigram-count'] });
  await fake.until('the answer', () => contents(scene).find((content) => content.startsWith('**ru**')));
});

test('a duplicated event is answered once', async () => {
  const { fake, anna, channel } = scene;
  const before = fake.state.visible(channel.id).length;
  fake.gateway.faults.duplicateEvery = 1;
  fake.say(anna, channel, `${mention()} su`);
  await fake.until('the answer', () => fake.state.visible(channel.id).length === before + 2);
  fake.gateway.faults.duplicateEvery = 0;
  fake.say(anna, channel, `${mention()} ta`);
  await fake.until('the next answer', () => fake.state.visible(channel.id).length >= before + 4);
  expect(fake.state.visible(channel.id)).toHaveLength(before + 4);
});

test('/settings, /prompt, /models, /stats, /help and /names answer', async () => {
  const { fake, anna, channel } = scene;
  const say = async (name: string, options: Record<string, string | number | boolean>, part: string) => {
    fake.slash(anna, channel, name, { options });
    await fake.until(`/${name}`, () => contents(scene).find((content) => content.includes(part)));
  };
  await say('settings', { temperature: 0.5 }, 'temperature = 0.5');
  await say('settings', { reset: true }, 'as it was at the start');
  await say('prompt', { text: 'Be kind.' }, 'The system prompt is set');
  await say('prompt', {}, 'Be kind.');
  await say('prompt', { template: 'explain' }, 'The prompt “explain” is set');
  await say('prompt', {}, 'You explain clearly');
  await say('settings', { reset: true }, 'as it was at the start');
  await say('models', {}, 'bigram-count');
  await say('stats', {}, 'answers');
  await say('help', {}, '/generate');
  await say(
    'names',
    { seed: 1337 },
    '**bigram-count**: myliena, r, a, ahi, grammian, n, xxonh, chaldeiniy, bler, jaranige',
  );
});

test('/compare asks several engines in one message', async () => {
  const { fake, anna, channel } = scene;
  fake.slash(anna, channel, 'compare', { options: { prompt: 'mar', engines: 'bigram-count bigram-grad' } });
  await fake.until('both columns', () =>
    contents(scene).find((content) =>
      /\*\*bigram-count\*\*[\s\S]*tokens?[\s\S]*\*\*bigram-grad\*\*[\s\S]*tokens?/.test(content),
    ),
  );
});

test('/forget deletes what was kept of a person', async () => {
  const { fake, anna, channel, bot } = scene;
  fake.slash(anna, channel, 'forget');
  await fake.until('the receipt', () => contents(scene).find((content) => content.includes('are deleted')));
  expect(bot.context.store.stats(scene.guild.id).reduce((sum, { answers }) => sum + answers, 0)).toBe(0);
});

test('a server that is left is forgotten', async () => {
  const { fake, channel, guild, bot } = scene;
  bot.context.store.updateChannel(channel.id, guild.id, { engine: 'bigram-grad' });
  fake.leave(guild);
  await fake.until(
    'forgetting',
    () => Object.keys(bot.context.store.channelSettings(channel.id)).length === 0,
  );
});

test('nothing was refused by Discord', () => {
  expect(scene.fake.rest.invalid).toEqual([]);
  expect(scene.fake.rest.limiter.refused).toEqual([]);
});
