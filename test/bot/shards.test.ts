import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readBotConfig } from '../../src/bot/config.ts';
import { startShards } from '../../src/cli/shard-manager.ts';
import { shardOf, snowflake } from '../discord/snowflake.ts';
import { type BotScene, contents, finished, openScene } from './harness.ts';
import { outcome, spawnBot } from './process.ts';

type Room = ReturnType<BotScene['fake']['state']['addChannel']>;

const myliena = /^myliena\n-# bigram-count · 7 tokens/;

/** A Discord that recommends four shards, with one server for each, and no bot yet. */
async function openRooms(settings: Readonly<Record<string, string>> = {}) {
  const scene = await openScene({ BABBLE_BOT_SHARDS: 'auto', ...settings }, { shards: 4 });
  await scene.bot.stop();
  const rooms = [0, 1, 2, 3].map((shard) => {
    let at = Date.now();
    while (shardOf(snowflake(at), 4) !== shard) at += 1;
    const guild = scene.fake.state.addGuild(`server-${shard}`, { id: snowflake(at) });
    return scene.fake.state.addChannel(guild, 'general');
  });
  return { scene, rooms };
}

/** The manager of the shards in this process, so that a test sees what they share. */
async function manage(scene: BotScene, settings: Readonly<Record<string, string>> = {}) {
  const stop = new AbortController();
  const env = { PATH: process.env['PATH'], ...scene.env, ...settings };
  const manager = await startShards(readBotConfig(env), [], stop.signal, env);
  await scene.fake.until('four shards', () => scene.fake.gateway.connected === 4, 60_000);
  return {
    ...manager,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await manager.ended;
    },
  };
}

test('`babble bot` runs four shards and stops them together', async () => {
  const { scene, rooms } = await openRooms({ BABBLE_BOT_PER_USER: '4' });
  await using _ = scene;
  const { fake, anna } = scene;
  const child = spawnBot(scene);
  const end = outcome(child);
  await fake.until('four shards', () => fake.gateway.connected === 4, 60_000);
  for (const room of rooms) fake.slash(anna, room, 'generate', { options: { seed: 1337 } });
  for (const room of rooms)
    expect((await finished(scene, 1, anna, room.id)).current.content).toMatch(myliena);
  child.kill('SIGTERM');
  expect((await end).code).toBe(0);
}, 180_000);

test('one engine service answers for all shards, two slots with a process each, and a look at the next token too', async () => {
  const { scene, rooms } = await openRooms({ BABBLE_BOT_SLOTS: '2', BABBLE_BOT_PER_USER: '4' });
  await using _ = scene;
  const { fake, anna } = scene;
  await using manager = await manage(scene);
  for (const room of rooms) fake.slash(anna, room, 'generate', { options: { seed: 1337 } });
  for (const room of rooms)
    expect((await finished(scene, 1, anna, room.id)).current.content).toMatch(myliena);
  const { url, apiKey } = manager.service;
  const headers = { authorization: `Bearer ${apiKey}` };
  const metrics = await (await fetch(`${url}/metrics`, { headers })).text();
  const counted = [
    ...metrics.matchAll(/^babble_generated_tokens_total\{model="bigram-count[^"]*"\} (\d+)/gm),
  ];
  expect(counted.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(4 * 7);
  const models = (await (await fetch(`${url}/v1/models`, { headers })).json()) as { data: { id: string }[] };
  expect(models.data.map(({ id }) => id)).toEqual(
    expect.arrayContaining(['bigram-count/bigram-count', 'bigram-count/bigram-count@2']),
  );
  fake.press(anna, await finished(scene, 1, anna, rooms[2]!.id), 'Show probabilities');
  await fake.until('the bars', () =>
    contents(scene, anna, rooms[2]!.id).find((content) => content.includes('█')),
  );
}, 180_000);

test('limits hold over all shards; a shard that dies comes back, apologises once and leaves its slot to others', async () => {
  const { scene, rooms } = await openRooms();
  await using _ = scene;
  const { fake, anna, ben, env } = scene;
  // as long as this file is there no answer ends
  const gate = path.join(String(env['BABBLE_HOME']), 'gate');
  const filter = path.join(String(env['BABBLE_HOME']), 'filter.mjs');
  await writeFile(gate, '');
  await writeFile(
    filter,
    `import { existsSync } from 'node:fs';
     export default async (text) => {
       while (existsSync(${JSON.stringify(gate)})) await new Promise((resolve) => setTimeout(resolve, 20));
       return text;
     };`,
  );
  await using manager = await manage(scene, {
    BABBLE_BOT_CONTENT_FILTER: filter,
    BABBLE_BOT_PER_USER: '2',
  });
  const [first, second, third, fourth] = rooms as [Room, Room, Room, Room];
  const shown = (room: { id: string }, part: string | RegExp) =>
    fake.until(`“${part}”`, () =>
      contents(scene, anna, room.id).find((content) => content.match(part) !== null),
    );
  fake.slash(anna, first, 'generate', { options: { seed: 1337 } });
  await fake.until('the slot', () => manager.queue.size.running === 1, 30_000);
  // the one slot is taken by another shard: the second waits, the third is too much for one person
  fake.slash(anna, second, 'generate', { options: { seed: 1337 } });
  await shown(second, 'place 1 in the queue');
  fake.slash(anna, third, 'generate', { options: { seed: 1337 } });
  await shown(third, 'You already have 2 answers on the way');
  fake.slash(ben, fourth, 'generate', { options: { seed: 1337 } });
  // who has nothing running goes first, whichever shard asks
  await shown(fourth, 'place 1 in the queue');
  await shown(second, 'place 2 in the queue');

  const dead = manager.processes.get(0)!;
  dead.kill('SIGKILL');
  await once(dead, 'exit');
  // the slot goes to the next in line, in another shard
  await shown(second, 'place 1 in the queue');
  await rm(gate);
  expect((await finished(scene, 1, anna, second.id)).current.content).toMatch(myliena);
  expect((await finished(scene, 1, anna, fourth.id)).current.content).toMatch(myliena);
  const apology = await fake.until(
    'the apology',
    () =>
      fake.state
        .visible(first.id)
        .find(({ current }) => current.content.includes('sorry: the bot was restarted')),
    60_000,
  );
  fake.slash(anna, first, 'generate', { options: { seed: 1337 } });
  expect((await finished(scene, 2, anna, first.id)).current.content).toMatch(myliena);
  const apologies = apology.history.filter(({ content }) => content.includes('sorry'));
  expect(apologies).toHaveLength(1);
  expect(manager.queue.size).toEqual({ running: 0, waiting: 0 });
}, 180_000);
