import { expect, test } from 'vitest';
import { listModels } from '../../src/catalogue/catalogue.ts';
import { finished, openScene } from './harness.ts';

const gpt = (await listModels()).find(({ id, engine, error }) => id === 'gpt' && engine === 'gpt' && !error);

test.skipIf(gpt === undefined)(
  '/generate with gpt goes on from a line of Shakespeare (needs the weights in models/gpt)',
  async () => {
    await using scene = await openScene();
    const { fake, anna, channel } = scene;
    fake.slash(anna, channel, 'generate', {
      options: { engine: 'gpt', prompt: 'ROMEO:', max_tokens: 40, seed: 1 },
    });
    const answer = await finished(scene, 1);
    expect(answer.current.content).toMatch(/^\*\*ROMEO:\*\*[\s\S]+-# gpt · \d+ tokens/);
    expect(fake.rest.limiter.refused).toEqual([]);
  },
  120_000,
);
