import { expect, test } from 'vitest';
import { Deltas } from './deltas.ts';

const released = (text: string, ...tokenIds: number[]) => ({
  text,
  tokens: tokenIds.map((tokenId) => ({ text: `${tokenId}`, tokenId })),
  stopped: false,
});

test('what was added goes out once, in one piece; nothing as nothing', () => {
  const deltas = new Deltas(3, false);
  expect([...deltas.take()]).toEqual([]);
  deltas.add(released('', 1)); // half a character
  deltas.add(released('ab', 2, 3));
  expect([...deltas.take()]).toEqual([{ type: 'text-delta', sample: 3, text: 'ab', tokenIds: [1, 2, 3] }]);
  expect([...deltas.take()]).toEqual([]);
  deltas.add(released('c')); // the rest of a token that went out before
  expect([...deltas.take()]).toEqual([{ type: 'text-delta', sample: 3, text: 'c', tokenIds: [] }]);
});

test('probabilities are of every token that goes out', () => {
  const deltas = new Deltas(0, true);
  const rated = (tokenId: number) => ({ tokenId, text: `${tokenId}`, probability: 0.5 });
  const tokens = [1, 2].map((id) => ({ ...rated(id), chosen: rated(id), candidates: [rated(id), rated(9)] }));
  deltas.add({ text: '12', tokens, stopped: false });
  expect([...deltas.take()]).toEqual([
    {
      ...{ type: 'text-delta', sample: 0, text: '12', tokenIds: [1, 2] },
      chosen: [rated(1), rated(2)],
      candidates: [
        [rated(1), rated(9)],
        [rated(2), rated(9)],
      ],
    },
  ]);
});
