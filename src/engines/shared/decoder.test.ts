/** Token by token, recorded or not, is the same as all at once: on both transformers, small and with random weights. */
import { beforeAll, describe, expect, test } from 'vitest';
import { loadTensorFlow, type TensorFlow } from '../../tensor/index.ts';
import { randn, TorchGenerator } from '../../tensor/random/index.ts';
import { gptForward, gptShapes } from '../gpt/model.ts';
import { llamaForward, llamaShapes } from '../tiny-llama/model.ts';
import { Decoder } from './decoder.ts';

const config = { vocabSize: 11, contextLength: 12, nLayer: 2, nHead: 2, nEmbd: 16, nFf: 24 };
const models = [
  { id: 'gpt', shapes: gptShapes(config), forward: gptForward },
  { id: 'tiny-llama', shapes: llamaShapes(config), forward: llamaForward },
];
const text = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3];

let tf: TensorFlow;
beforeAll(async () => {
  ({ tf } = await loadTensorFlow());
});

describe.each(models)('$id', ({ shapes, forward }) => {
  function decoder(): Decoder {
    const generator = new TorchGenerator(1);
    const weights = new Map(
      [...shapes].map(([name, shape]) => {
        const size = shape.reduce((product, length) => product * length, 1);
        return [name, { shape, data: Float32Array.from(randn(generator, size), (x) => 0.3 * x) }];
      }),
    );
    return new Decoder(tf, {
      ...{ shapes, weights, contextLength: config.contextLength },
      forward: (tape, parameters, tokens, cache) => forward(tape, parameters, config, tokens, { cache }),
    });
  }

  const expectSame = (actual: Float32Array, expected: Float32Array) => {
    expect(actual).toHaveLength(expected.length);
    for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 5);
  };

  test('one text token by token: the logits of the text read at once, at every position', () => {
    using stepwise = decoder();
    let logits = stepwise.start([text.slice(0, 1)]);
    for (let length = 1; length <= text.length; length++) {
      using whole = decoder(); // a new one, which has nothing in its cache
      expectSame(logits, whole.start([text.slice(0, length)]));
      logits = stepwise.next([text[length]!]);
    }
  });

  test('alone or beside others: the same', () => {
    using alone = decoder();
    using together = decoder();
    alone.start([text]);
    together.start([text, text.toReversed()]);
    for (const tokenId of [7, 0, 8, 2]) {
      // The third of them finds the context full, and the later half is read anew.
      const both = together.next([tokenId, 10 - tokenId]);
      expectSame(alone.next([tokenId]), both.subarray(0, config.vocabSize));
    }
  });

  test('goes on after a part was forgotten, and leaves no tensor behind', () => {
    using one = decoder();
    const again = () => {
      one.start([text]);
      return one.next([7]);
    };
    const first = again();
    expectSame(again(), first); // with the constants that forgetting needs
    const before = one.e.numHandles;
    for (let i = 0; i < 5; i++) expectSame(again(), first);
    expect(one.e.numHandles).toBe(before);
  });
});
