import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { contents, finished, openScene } from './harness.ts';

const minute = 60_000;

test('installed by a person on a server where the bot is not: it answers, and its buttons work', async () => {
  await using scene = await openScene();
  const { fake, anna } = scene;
  const channel = fake.state.addChannel(fake.state.addGuild('elsewhere'), 'general', { deniedToBot: ~0n });
  const given = { userInstalled: true };
  fake.slash(anna, channel, 'generate', { ...given, options: { seed: 1337 } });
  const answer = await finished(scene, 1, anna, channel.id);
  expect(answer.current.content).toMatch(/^myliena\n/);
  fake.press(anna, answer, 'Regenerate', given);
  await finished(scene, 2, anna, channel.id);
  expect(fake.rest.requests.filter(({ path: route }) => route.startsWith('/channels/'))).toEqual([]);
});

test('where only the token may write, people are told before its fifteen minutes end, and at the end', async () => {
  await using scene = await openScene();
  const { fake, anna, ben, channel, env } = scene;
  const filter = path.join(String(env['BABBLE_HOME']), 'never.mjs');
  await writeFile(filter, 'export default () => new Promise(() => {});');
  Object.assign(env, { BABBLE_BOT_CONTENT_FILTER: filter, BABBLE_BOT_DRAIN_SECONDS: '0' });
  await scene.restart();
  const away = fake.state.addChannel(fake.state.addGuild('elsewhere'), 'general', { deniedToBot: ~0n });
  fake.slash(ben, channel, 'generate');
  await fake.until('the slot', () => scene.bot.context.queue.size.running === 1);

  fake.interactions.ageMs = 12 * minute;
  const waiting = fake.slash(anna, away, 'generate', { userInstalled: true });
  await fake.until('the warning', () =>
    waiting.original?.current.content.match(
      /place 1 in the queue.* · cut off in \d+ (s|min): Discord lets me write here for 15 minutes only/,
    ),
  );
  // at home an answer goes on, so nothing is said
  const atHome = fake.slash(anna, channel, 'generate');
  await fake.until('the place', () => atHome.original?.current.content.includes('place 2'));
  expect(atHome.original?.current.content).not.toContain('15 minutes');

  fake.press(anna, waiting.original!, 'Stop', { userInstalled: true });
  fake.press(anna, atHome.original!, 'Stop');
  await fake.until('both to stop', () => scene.bot.context.queue.size.waiting === 0);
  // the bot ends an answer a minute before the token does
  fake.interactions.ageMs = 14 * minute;
  fake.slash(anna, away, 'generate', { userInstalled: true });
  await fake.until('the end', () =>
    contents(scene, anna, away.id).find((content) =>
      content.includes('did not get to this within the 15 minutes'),
    ),
  );
  expect(fake.rest.invalid).toEqual([]);
});
