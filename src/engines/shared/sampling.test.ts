import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { multinomial, TorchGenerator } from '../../tensor/random/index.ts';
import type { Sampling } from '../engine.ts';
import { likeliest, probabilitiesOf, Sampler } from './sampling.ts';

const logits = Float32Array.of(1, 4, 2, 3, 0);

/** The tokens that may come, found by drawing many. */
function drawn(sampling: Sampling, recent: readonly number[] = [], of = logits): number[] {
  const sampler = new Sampler({ seed: 1, ...sampling });
  const seen = new Set(Array.from({ length: 3000 }, () => sampler.sample({ logits: of }, recent)));
  return [...seen].sort();
}

describe('Sampler', () => {
  it('draws from the softmax by default', () => {
    const sampler = new Sampler({ seed: 5 });
    const generator = new TorchGenerator(5);
    const expected = Array.from({ length: 200 }, () => multinomial(generator, probabilitiesOf({ logits })));
    expect(expected.map(() => sampler.sample({ logits }, []))).toEqual(expected);
    expect(drawn({})).toEqual([0, 1, 2, 3, 4]);
  });

  it('says who has mirostat', () => {
    expect(() => new Sampler({ mirostat: 2 })).toThrow(/llama and remote/);
    expect(() => new Sampler({ mirostat: 0, mirostatTau: 3 })).not.toThrow();
  });

  it('draws from given probabilities to the last bit', () => {
    const probabilities = Float32Array.of(0.1, 0.7, 0.2);
    const generator = new TorchGenerator(9);
    const sampler = new Sampler({ seed: 9, multinomial: 'torch2' });
    const expected = Array.from({ length: 200 }, () => multinomial(generator, probabilities, 'torch2'));
    expect(expected.map(() => sampler.sample({ probabilities }, []))).toEqual(expected);
  });

  it('takes the likeliest at temperature 0, and near it', () => {
    expect(drawn({ temperature: 0 })).toEqual([1]);
    expect(drawn({ temperature: 1e-30 })).toEqual([1]);
  });

  it.each<[string, Sampling, number[]]>([
    ['topK', { topK: 2 }, [1, 3]],
    ['topK above the vocabulary', { topK: 99 }, [0, 1, 2, 3, 4]],
    // Probabilities of the tokens 1, 3, 2, 0, 4: 0.64, 0.23, 0.09, 0.03, 0.01.
    ['topP', { topP: 0.7 }, [1, 3]],
    ['topP 0', { topP: 0 }, [1]],
    ['minP', { minP: 0.1 }, [1, 2, 3]],
    ['minP 1', { minP: 1 }, [1]],
    // The entropy is 1.00: surprises 0.45 and 1.45 are nearest to it.
    ['typicalP', { typicalP: 0.8 }, [1, 3]],
    ['topK before topP', { topK: 3, topP: 0.99 }, [1, 2, 3]],
    ['filters before the temperature', { topP: 0.7, temperature: 50 }, [1, 3]],
  ])('keeps by %s', (_, sampling, expected) => {
    expect(drawn(sampling)).toEqual(expected);
  });

  it('leaves out by typicalP even the likeliest token when it is no typical one', () => {
    // Entropy 1.75: the surprise of the six tokens at 0.1 (2.30) is nearer to it than that of 0.4 (0.92).
    const flatTail = Float32Array.of(0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1).map(Math.log);
    expect(drawn({ typicalP: 0.45 }, [], flatTail)).toEqual([1, 2, 3, 4, 5]);
  });

  it('penalises tokens that came lately', () => {
    expect(drawn({ temperature: 0, presencePenalty: 1.5 }, [1, 1])).toEqual([3]);
    expect(drawn({ temperature: 0, frequencyPenalty: 0.6 }, [1])).toEqual([1]);
    expect(drawn({ temperature: 0, frequencyPenalty: 0.6 }, [1, 1])).toEqual([3]);
    expect(drawn({ temperature: 0, repeatPenalty: 2 }, [1])).toEqual([3]);
    expect(drawn({ temperature: 0, repeatPenalty: 2, repeatLastN: 2 }, [1, 0, 0])).toEqual([1]);
    expect(drawn({ temperature: 0, repeatPenalty: 2, repeatLastN: 0 }, [1])).toEqual([1]);
    expect(drawn({ temperature: 0, repeatPenalty: 2, repeatLastN: -1 }, [1, 0, 0])).toEqual([3]);
    // Below 0 a penalty multiplies, so that it always makes a token less likely.
    const negative = Float32Array.of(-1, -1.5);
    expect(drawn({ temperature: 0, repeatPenalty: 2 }, [0], negative)).toEqual([1]);
  });

  it('never draws an impossible token, whatever the parameters', () => {
    const fraction = fc.double({ min: 0, max: 1, noNaN: true });
    const sampling = fc.record({
      temperature: fc.double({ min: 0, max: 10, noNaN: true }),
      topK: fc.nat(6),
      topP: fraction,
      minP: fraction,
      typicalP: fraction,
      repeatPenalty: fc.double({ min: 0.1, max: 3, noNaN: true }),
      multinomial: fc.constantFrom('torch1' as const, 'torch2' as const),
      seed: fc.integer(),
    });
    const weights = fc
      .array(fc.nat(5), { minLength: 2, maxLength: 6 })
      .filter((list) => list.some((w) => w > 0));
    fc.assert(
      fc.property(sampling, weights, (parameters, list) => {
        const total = list.reduce((sum, weight) => sum + weight, 0);
        const probabilities = Float32Array.from(list, (weight) => weight / total);
        const sampler = new Sampler(parameters);
        for (let i = 0; i < 20; i++) {
          expect(list[sampler.sample({ probabilities }, [0, 1])]).toBeGreaterThan(0);
        }
      }),
    );
  });

  it('chooses and tells a seed when none is given', () => {
    const first = new Sampler({});
    const again = new Sampler({ seed: first.seed });
    const draw = (sampler: Sampler) => Array.from({ length: 20 }, () => sampler.sample({ logits }, []));
    expect(draw(again)).toEqual(draw(first));
  });

  it.each<[Sampling]>([
    [{ temperature: -1 }],
    [{ temperature: Number.NaN }],
    [{ topK: 1.5 }],
    [{ topP: 1.1 }],
    [{ minP: -0.1 }],
    [{ repeatLastN: -2 }],
    [{ repeatPenalty: 0 }],
    [{ frequencyPenalty: Number.POSITIVE_INFINITY }],
    [{ seed: 0.5 }],
    [{ multinomial: 'torch3' as 'torch1' }],
  ])('refuses %j', (sampling) => {
    expect(() => new Sampler(sampling)).toThrow(expect.objectContaining({ code: 'INVALID_SETTING' }));
  });
});

describe('likeliest', () => {
  it('gives the likeliest tokens in order', () => {
    const tokens = likeliest(probabilitiesOf({ logits }), ['a', 'b', 'c', 'd', 'e'], 2);
    expect(tokens.map(({ text }) => text)).toEqual(['b', 'd']);
    expect(tokens[0]?.probability).toBeCloseTo(0.6364, 4);
  });
});
