import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readModelFile } from '../../formats/model-file.ts';
import { shippedModels } from '../../paths.ts';
import { describeEngineContract } from '../engine.contract.ts';
import type { Engine, Sampling } from '../engine.ts';
import { bigramCount, bigramGrad } from './engine.ts';
import vectors from './fixtures/names.json' with { type: 'json' };

const published = ['myliena', 'r', 'a', 'ahi', 'grammian', 'n', 'xxonh', 'chaldeiniy', 'bler', 'jaranige'];
const never = new AbortController().signal;

async function drawNames(engine: Engine, samples: number, sampling: Sampling): Promise<string[]> {
  const names = Array.from({ length: samples }, () => '');
  const request = { prompt: '', maxTokens: 100, sampling, samples, signal: never };
  for await (const part of engine.generate(request)) {
    if (part.type === 'text-delta') names[part.sample] += part.text;
    else expect(part.reason).toBe('stop');
  }
  return names;
}

describe.each([bigramCount, bigramGrad])('$id as shipped', (factory) => {
  const folder = path.join(shippedModels, factory.id);
  const load = (signal = never) =>
    factory.load({ id: factory.id, path: folder }, { signal, onProgress: () => {} });

  describeEngineContract(factory.id, load);

  it('has 729 parameters and draws the ten published names with seed 1337', async () => {
    await using engine = await load();
    expect(engine.info.parameterCount).toBe(729);
    expect(await drawNames(engine, 10, { seed: 1337 })).toEqual(published);
  });

  it.each(vectors.filter(({ engine }) => engine === factory.id))(
    'draws the names that PyTorch draws with $multinomial and seed $seed',
    async ({ multinomial, seed, names }) => {
      await using engine = await load();
      const sampling = { seed, multinomial: multinomial as 'torch1' | 'torch2' };
      expect(await drawNames(engine, names.length, sampling)).toEqual(names);
    },
  );

  it('goes on from a prompt, in any case', async () => {
    await using engine = await load();
    const report = await engine.inspect({ type: 'next-token', prompt: 'Q', top: 1 });
    // Nearly every q of the names is followed by a u.
    expect(report).toMatchObject({ tokens: [{ text: 'u' }] });
  });
});

describe('surprise', () => {
  it('over the first three words has the published mean', async () => {
    const folder = path.join(shippedModels, 'bigram-count');
    await using engine = await bigramCount.load(
      { id: 'bigram-count', path: folder },
      { signal: never, onProgress: () => {} },
    );
    let sum = 0;
    let count = 0;
    for (const text of ['emma', 'olivia', 'ava']) {
      const report = await engine.inspect({ type: 'surprise', text });
      if (report.type !== 'surprise') throw new Error(report.type);
      expect(report.tokens.map((token) => token.text).join('')).toBe(`${text}.`);
      count += report.tokens.length;
      sum += report.meanNll * report.tokens.length;
    }
    expect(sum / count).toBeCloseTo(2.4241, 4);
  });
});

describe('the losses in model.json', () => {
  it('are the published ones', async () => {
    const losses = async (id: string) => (await readModelFile(path.join(shippedModels, id))).losses;
    expect((await losses('bigram-count'))['train']).toBeCloseTo(2.454, 4);
    expect((await losses('bigram-grad'))['train']).toBeCloseTo(2.4554, 4);
  });
});
