import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BotScene, contents, finished, openScene } from './harness.ts';

let scene: BotScene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene[Symbol.asyncDispose]());

test('/generate with bigram-count gives the published first name, a footer and buttons', async () => {
  const { fake, anna, channel } = scene;
  fake.slash(anna, channel, 'generate', { options: { engine: 'bigram-count', seed: 1337 } });
  const answer = await finished(scene, 1);
  expect(answer.current.content).toMatch(/^myliena\n-# bigram-count · 7 tokens/);
  const labels = (answer.current.components as unknown as { components: { label: string }[] }[]).flatMap(
    (row) => row.components.map(({ label }) => label),
  );
  expect(labels).toEqual(['Regenerate', 'Continue', 'Another engine', 'Show probabilities']);
});

test('a completion goes on from the prompt', async () => {
  const { fake, anna, channel } = scene;
  fake.slash(anna, channel, 'generate', { options: { prompt: 'em', seed: 1 } });
  const answer = await finished(scene, 2);
  expect(answer.current.content).toMatch(/^\*\*em\*\*[a-z]*\n-# bigram-count/);
});

test('Regenerate draws another name, on the same question, for whoever presses', async () => {
  const { fake, ben, channel } = scene;
  const answer = await finished(scene, 1);
  fake.press(ben, answer, 'Regenerate');
  const next = await finished(scene, 3);
  expect(next.current.id).not.toBe(answer.current.id);
  expect(fake.state.visible(channel.id)).toHaveLength(3);
});

test('another engine answers the same question from a menu', async () => {
  const { fake, anna } = scene;
  fake.press(anna, await finished(scene, 1), 'Another engine');
  const menu = await fake.until('the menu', () =>
    fake.state
      .visible(scene.channel.id, anna)
      .find(({ current }) => JSON.stringify(current.components).includes('pick:')),
  );
  expect(menu.visibleTo).toBe(anna.id);
  const customId = (menu.current.components as unknown as { components: { custom_id: string }[] }[])[0]!
    .components[0]!.custom_id;
  fake.press(anna, menu, customId, { values: ['bigram-grad'] });
  const answer = await finished(scene, 4);
  expect(answer.current.content).toContain('-# bigram-grad');
});

test('the likeliest next tokens are shown to the asker alone', async () => {
  const { fake, anna, ben } = scene;
  const before = fake.state.visible(scene.channel.id, ben).length;
  fake.press(anna, await finished(scene, 2), 'Show probabilities');
  const shown = await fake.until('the bars', () => contents(scene).find((content) => content.includes('█')));
  expect(shown).toContain('After “em”');
  expect(fake.state.visible(scene.channel.id, ben)).toHaveLength(before);
});

test('a private answer is seen by the asker alone', async () => {
  const { fake, anna, ben, channel } = scene;
  const before = fake.state.visible(channel.id, ben).length;
  fake.slash(anna, channel, 'generate', { options: { seed: 3, private: true } });
  await finished(scene, 5);
  expect(fake.state.visible(channel.id, ben)).toHaveLength(before);
});

test('a wrong engine is named with the known ones, and an unknown character is explained', async () => {
  const { fake, anna, channel } = scene;
  fake.slash(anna, channel, 'generate', { options: { engine: 'none' } });
  await fake.until('the refusal', () =>
    contents(scene).find((content) => content.includes('Known engines: bigram-count')),
  );
  fake.slash(anna, channel, 'generate', { options: { prompt: '日本' } });
  await fake.until('the explanation', () =>
    contents(scene).find((content) => content.includes('⚠️') && content.includes('日')),
  );
});

test('a path on the bot’s machine is no model', async () => {
  const { fake, anna, channel, env } = scene;
  fake.slash(anna, channel, 'generate', {
    options: { engine: 'llama', model: String(env['BABBLE_BOT_DATABASE']) },
  });
  await fake.until('the refusal', () =>
    contents(scene).find((content) => content.includes('No model is called "/')),
  );
});

test('engines and models complete themselves', async () => {
  const { fake, anna, channel } = scene;
  const engines = fake.autocomplete(anna, channel, 'generate', 'engine', 'grad');
  await fake.until('suggestions', () => engines.choices);
  expect(engines.choices!.map(({ value }) => value)).toEqual(['bigram-grad']);
  const models = fake.autocomplete(anna, channel, 'generate', 'model', '', {
    options: { engine: 'bigram-count' },
  });
  await fake.until('suggestions', () => models.choices);
  expect(models.choices!.map(({ value }) => value)).toEqual(['bigram-count']);
});

test('an attached text goes before the prompt; one that is no text is refused', async () => {
  const { fake, anna, channel } = scene;
  const attach = { name: 'photo.png', bytes: Buffer.from('x') };
  fake.slash(anna, channel, 'generate', { options: { prompt: 'a', attach } });
  await fake.until('the refusal', () =>
    contents(scene).find((content) => content.includes('photo.png is no text file')),
  );
});

test('an attached text is what a completion goes on from', async () => {
  const { fake, anna, channel, bot } = scene;
  const attach = { name: 'name.txt', bytes: Buffer.from('em') };
  const { id } = fake.slash(anna, channel, 'generate', { options: { attach, seed: 1 } });
  const answer = await fake.until('the answer', () => {
    const shown = fake.interactions.all.find((one) => one.id === id)?.original;
    return shown && bot.context.store.answerOfMessage(shown.current.id);
  });
  expect(answer.request.messages).toEqual([{ role: 'user', content: 'em' }]);
});

test('in normal work nothing was refused by Discord', () => {
  expect(scene.fake.rest.invalid).toEqual([]);
  expect(scene.fake.rest.limiter.refused).toEqual([]);
});
