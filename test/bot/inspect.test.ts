import { expect, test } from 'vitest';
import { listModels } from '../../src/catalogue/catalogue.ts';
import { contents, openScene } from './harness.ts';

test('/inspect sends a PNG with a text that says what it shows; a view that the engine lacks is refused', async () => {
  await using scene = await openScene();
  const { fake, anna, channel } = scene;
  fake.slash(anna, channel, 'inspect', { options: { view: 'heatmap', engine: 'bigram-count' } });
  const shown = await fake.until(
    'the picture',
    () => fake.state.visible(channel.id).find(({ files }) => files.length > 0),
    30_000,
  );
  expect(shown.files[0]!.name).toBe('heatmap.png');
  expect(shown.files[0]!.bytes.subarray(1, 4).toString()).toBe('PNG');
  const described = await fake.until('the alt text', () =>
    fake.rest.requests
      .map(({ body }) => (body as { attachments?: { description?: string }[] }).attachments?.[0]?.description)
      .find((description) => description),
  );
  expect(described.length).toBeGreaterThan(20);
  fake.slash(anna, channel, 'inspect', {
    options: { view: 'attention', engine: 'bigram-count', prompt: 'a' },
  });
  await fake.until('the refusal', () => contents(scene).some((content) => content.startsWith('⚠️')));
  expect(fake.rest.invalid).toEqual([]);
}, 60_000);

const gpt = (await listModels()).find(({ id, engine, error }) => id === 'gpt' && engine === 'gpt' && !error);

test.skipIf(gpt === undefined)(
  '/inspect attention shows the layer and head that are asked for, and names the last ones beyond (needs the weights in models/gpt)',
  async () => {
    await using scene = await openScene();
    const { fake, anna, channel } = scene;
    const attention = { view: 'attention', engine: 'gpt', prompt: 'ROMEO:' };
    fake.slash(anna, channel, 'inspect', { options: { ...attention, layer: 5, head: 3 } });
    await fake.until('the picture', () =>
      fake.state.visible(channel.id).find(({ files }) => files.length > 0),
    );
    const [description] = fake.rest.requests.flatMap(
      ({ body }) => (body as { attachments?: { description?: string }[] }).attachments ?? [],
    );
    expect(description?.description).toContain('layer 5, head 3');
    fake.slash(anna, channel, 'inspect', { options: { ...attention, layer: 6 } });
    await fake.until('the refusal', () =>
      contents(scene).some((content) => content.includes('layer must be from 0 to 5, not 6')),
    );
  },
  120_000,
);
