import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import torch from './fixtures/torch.json' with { type: 'json' };
import { exponential, multinomial, rand, randint, randn, randperm, TorchGenerator } from './index.ts';

describe.each(torch.vectors)('with seed $seed, the same as PyTorch:', (expected) => {
  const generator = () => new TorchGenerator(expected.seed);
  const probabilities = Float32Array.from(expected.probabilities);
  const draws = (kind: 'torch1' | 'torch2') => {
    const source = generator();
    return Array.from({ length: 200 }, () => multinomial(source, probabilities, kind));
  };

  it('rand', () => {
    expect([...rand(generator(), expected.rand.length)]).toEqual(expected.rand);
    const source = generator();
    expect(expected.randDouble.map(() => source.uniformDouble())).toEqual(expected.randDouble);
  });
  it('randn, for every size bit for bit', () => {
    for (const values of Object.values(expected.randn)) {
      expect([...randn(generator(), values.length)]).toEqual(values);
    }
  });
  it('randn, rand and randn again from one generator', () => {
    const source = generator();
    expect([[...randn(source, 3)], [...rand(source, 2)], [...randn(source, 4)]]).toEqual(expected.mixed);
  });
  it('randint', () => {
    expect([...randint(generator(), -5, 100, 50)]).toEqual(expected.randint);
    expect([...randint(generator(), 0, 2 ** 31 - 1, 20)]).toEqual(expected.randintWide);
  });
  it('randperm', () => {
    expect([...randperm(generator(), 60)]).toEqual(expected.randperm);
  });
  it('exponential', () => {
    expect([...exponential(generator(), 40)]).toEqual(expected.exponential);
  });
  it('multinomial as PyTorch 1 and as PyTorch 2', () => {
    expect(draws('torch1')).toEqual(expected.multinomial1);
    expect(draws('torch2')).toEqual(expected.multinomial2);
  });
});

describe('the state of a generator', () => {
  it('saved and restored gives the same numbers from any point on', () => {
    const calls = fc.array(fc.constantFrom('uint32', 'uniformDouble', 'normal'), { maxLength: 30 });
    fc.assert(
      fc.property(fc.integer(), calls, calls, (seed, before, after) => {
        const original = new TorchGenerator(seed);
        for (const call of before) original[call]();
        const restored = new TorchGenerator(0);
        restored.setState(original.getState());
        expect(after.map((call) => restored[call]())).toEqual(after.map((call) => original[call]()));
      }),
    );
  });

  it('of another shape is refused', () => {
    expect(() => new TorchGenerator(1).setState(new Uint32Array(624))).toThrow(RangeError);
  });
});

describe('multinomial', () => {
  it.each([[[]], [[0, 0]], [[1, -1]], [[Number.NaN, 1]], [[Number.POSITIVE_INFINITY]]])(
    'refuses the weights %j',
    (weights) => {
      expect(() => multinomial(new TorchGenerator(1), Float32Array.from(weights))).toThrow(RangeError);
    },
  );
});
