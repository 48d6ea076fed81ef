import { expect, test } from 'vitest';
import { shardOf, snowflake } from '../discord/snowflake.ts';
import { finished, openScene } from './harness.ts';
import { outcome, spawnBot } from './process.ts';

test('four shards answer their own servers from one engine service, and stop together', async () => {
  await using scene = await openScene({}, { shards: 4 });
  await scene.bot.stop();
  const { fake, anna } = scene;
  const rooms = [0, 1, 2, 3].map((shard) => {
    let at = Date.now();
    while (shardOf(snowflake(at), 4) !== shard) at += 1;
    const guild = fake.state.addGuild(`server-${shard}`, { id: snowflake(at) });
    return fake.state.addChannel(guild, 'general');
  });
  const child = spawnBot(scene, { BABBLE_BOT_SHARDS: 'auto' });
  const end = outcome(child);
  await fake.until('four shards', () => fake.gateway.connected === 4, 60_000);
  for (const room of rooms)
    fake.slash(anna, room, 'generate', { options: { engine: 'bigram-count', seed: 1337 } });
  for (const room of rooms) {
    const answer = await finished(scene, 1, anna, room.id);
    expect(answer.current.content).toMatch(/^myliena\n-# bigram-count · 7 tokens/);
  }
  child.kill('SIGTERM');
  expect((await end).code).toBe(0);
}, 120_000);
