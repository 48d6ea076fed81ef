import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PermissionFlagsBits } from 'discord.js';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { testModel } from '../../src/engines/llama/fixtures/test-model.ts';
import { type BotScene, contents, finished, openScene } from './harness.ts';

const longStory = { prompt: 'Write a very long story about a lighthouse and the sea.', temperature: 0 };
const slow = 300_000;

/** The newest message that shows this button. */
function withButton(scene: BotScene, action: string, viewer = scene.anna) {
  return scene.fake.state
    .visible(scene.channel.id, viewer)
    .findLast(({ current }) => JSON.stringify(current.components).includes(`answer:${action}`));
}

async function growing(scene: BotScene, viewer = scene.anna) {
  return scene.fake.until(
    'an answer that grows',
    () => {
      const message = withButton(scene, 'stop', viewer);
      return message && message.history.length > 3 && message.current.content.length > 150 && message;
    },
    slow,
  );
}

const idle = (scene: BotScene) =>
  scene.fake.until('rest', () => scene.bot.context.answers.activeCount === 0, slow);

describe.skipIf(testModel === undefined)(
  'long answers of llama (needs the test model: node scripts/lib/test-assets.mjs)',
  () => {
    let scene: BotScene;
    beforeAll(async () => {
      const settings = {
        BABBLE_BOT_ENGINE: 'llama',
        BABBLE_BOT_MODEL: testModel!,
        BABBLE_BOT_MAX_TOKENS: '1500',
      };
      scene = await openScene(settings, {}, 500);
    });
    afterEach(() => idle(scene));
    afterAll(() => scene?.[Symbol.asyncDispose]());

    test(
      'an answer streams by edits and splits past 2,000 characters, its buttons under the last message',
      async () => {
        const { fake, anna, channel } = scene;
        fake.slash(anna, channel, 'generate', { options: { ...longStory, max_tokens: 550 } });
        await growing(scene);
        await fake.until('the end', () => withButton(scene, 'regenerate'), slow);
        const messages = fake.state.visible(channel.id, anna);
        expect(messages.length).toBeGreaterThan(1);
        for (const { current } of messages) expect(current.content.length).toBeLessThanOrEqual(2_000);
        expect(messages.map(({ current }) => current.components?.length)).toEqual([
          ...messages.slice(1).map(() => 0),
          1,
        ]);
        // every state that was shown goes on from the one before, but for the cut that moves its end on
        const states = messages[0]!.history.map(({ content }) =>
          content.replace(/\n?-# [^\n]*$/, '').trimEnd(),
        );
        expect(states.length).toBeGreaterThan(5);
        states.slice(1).forEach((state, index) => {
          const [shorter, longer] = [state, states[index]!].sort((one, other) => one.length - other.length);
          expect(longer!.startsWith(shorter!)).toBe(true);
        });
      },
      slow,
    );

    test(
      'Stop is refused to another person, allowed to the asker, and keeps the words',
      async () => {
        const { fake, anna, ben, channel, bot } = scene;
        fake.slash(anna, channel, 'generate', { options: longStory });
        const answer = await growing(scene);
        fake.press(ben, answer, 'Stop');
        await fake.until('the refusal', () =>
          contents(scene, ben).some((content) => content.includes('Only the person who asked')),
        );
        expect(bot.context.answers.activeCount).toBe(1);
        fake.press(anna, answer, 'Stop');
        await idle(scene);
        expect(withButton(scene, 'regenerate')!.current.content).toMatch(/lighthouse[\s\S]* · stopped$/i);
      },
      slow,
    );

    test(
      'a moderator may stop; those who wait see their place with an estimate, and limits refuse',
      async () => {
        const { fake, anna, ben, channel } = scene;
        fake.slash(anna, channel, 'generate', { options: longStory });
        const answer = await growing(scene);
        fake.slash(anna, channel, 'generate', { options: { ...longStory, max_tokens: 5, private: true } });
        await fake.until('the place in the queue', () =>
          contents(scene).some((content) =>
            /place 1 in the queue for llama · about \d+ (s|min)/.test(content),
          ),
        );
        fake.slash(anna, channel, 'generate', { options: { ...longStory, private: true } });
        await fake.until('the refusal', () =>
          contents(scene).some((content) => content.includes('You already have 2 answers on the way')),
        );
        fake.press(ben, answer, 'Stop', { permissions: PermissionFlagsBits.ManageMessages });
        await idle(scene);
      },
      slow,
    );

    test(
      'an answer that outlives its interaction goes on as ordinary messages, a private one in direct messages',
      async () => {
        const { fake, anna, ben, channel } = scene;
        // the bot lets go of a token half a minute before its fifteen minutes are over
        fake.interactions.ageMs = 14.5 * 60_000 - 1_000;
        fake.slash(anna, channel, 'generate', { options: { ...longStory, max_tokens: 1_200 } });
        const edited = () =>
          fake.rest.requests.filter(
            ({ method, path: route }) =>
              method === 'PATCH' && route.startsWith(`/channels/${channel.id}/messages/`),
          );
        await fake.until('an ordinary edit', () => edited().length > 0, slow);
        fake.press(anna, withButton(scene, 'stop')!, 'Stop');
        await idle(scene);
        expect(edited().every(({ status }) => status === 200)).toBe(true);

        const before = fake.state.visible(channel.id, ben).length;
        fake.slash(anna, channel, 'generate', {
          options: { ...longStory, max_tokens: 1_200, private: true },
        });
        const direct = fake.state.directChannel(anna);
        const message = await fake.until(
          'the direct message',
          () => fake.state.visible(direct.id, anna).at(-1),
          slow,
        );
        fake.interactions.ageMs = 0;
        expect(message.current.content.toLowerCase()).toContain('lighthouse');
        fake.press(anna, message, 'Stop');
        await idle(scene);
        expect(message.current.content).toContain(' · stopped');
        expect(fake.state.visible(channel.id, ben)).toHaveLength(before);
      },
      slow,
    );

    test('nothing was refused by Discord: no 429, no invalid body', () => {
      expect(scene.fake.rest.limiter.refused).toEqual([]);
      expect(scene.fake.rest.invalid).toEqual([]);
    });
  },
);

test('a very long answer comes as a file', async () => {
  await using scene = await openScene();
  const { fake, anna, channel, env } = scene;
  const filter = path.join(String(env['BABBLE_HOME']), 'long.mjs');
  await writeFile(filter, `export default (text) => (text + ' and so on ').repeat(1_000);`);
  Object.assign(env, { BABBLE_BOT_CONTENT_FILTER: filter });
  await scene.restart();
  fake.slash(anna, channel, 'generate', { options: { seed: 1337 } });
  const last = await finished(scene, 1);
  expect(fake.state.visible(channel.id)).toHaveLength(5);
  expect(last.current.content).toContain('The whole answer is in the file.');
  expect(String(last.files[0]!.bytes)).toBe('myliena and so on '.repeat(1_000));
});

test('a private answer is nobody else’s to use, and no conversation goes on from it', async () => {
  await using scene = await openScene();
  const { fake, anna, ben, channel, bot } = scene;
  fake.slash(anna, channel, 'generate', { options: { seed: 1337, private: true } });
  const answer = await finished(scene, 1);
  for (const label of ['Regenerate', 'Continue', 'Show probabilities']) fake.press(ben, answer, label);
  await fake.until(
    'three refusals',
    () => contents(scene, ben).filter((content) => content.includes('belongs to somebody else')).length === 3,
  );
  expect(bot.context.store.lastAnswerIn(channel.id)).toBeUndefined();
});

test('with a content filter no word is shown before it has passed', async () => {
  await using scene = await openScene();
  const { fake, anna, channel, env } = scene;
  const filter = path.join(String(env['BABBLE_HOME']), 'withhold.mjs');
  // slow, so that what is not held back would be seen
  await writeFile(filter, 'export default () => new Promise((resolve) => setTimeout(resolve, 400, null));');
  Object.assign(env, { BABBLE_BOT_CONTENT_FILTER: filter });
  await scene.restart();
  fake.slash(anna, channel, 'generate', { options: { seed: 1337 } });
  const answer = await finished(scene, 1);
  expect(answer.current.content).toContain('withheld');
  expect(answer.history.some(({ content }) => content.includes('mylie'))).toBe(false);
  // nor by the other commands that show what a model writes
  fake.slash(anna, channel, 'compare', { options: { prompt: 'em', engines: 'bigram-count bigram-grad' } });
  const compared = await fake.until('both columns', () =>
    fake.state
      .visible(channel.id)
      .find(({ current }) => (current.content.match(/withheld/g) ?? []).length === 2),
  );
  const columns = compared.history.flatMap(({ content }) =>
    [...content.matchAll(/^\*\*bigram-\w+\*\*\n(.*)\n-#/gm)].map(([, words]) => words),
  );
  expect(columns.length).toBeGreaterThan(0);
  expect(columns.filter((words) => words !== '' && !words?.includes('withheld'))).toEqual([]);
  fake.slash(anna, channel, 'names', { options: { seed: 1337 } });
  await fake.until('the names', () =>
    contents(scene).some((content) => /\*\*bigram-count\*\*: \*\(withheld/.test(content)),
  );
  expect(contents(scene).some((content) => content.includes('myliena'))).toBe(false);
});
