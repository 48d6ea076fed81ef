import { expect, test, vi } from 'vitest';
import type { StreamPart } from '../engine.ts';
import { messagesPerAck, windowSize } from './protocol.ts';
import { PartSender } from './sender.ts';

const delta = (tokenId: number, sample = 0): StreamPart => ({
  type: 'text-delta',
  sample,
  text: `${tokenId} `,
  tokenIds: [tokenId],
});
const finish: StreamPart = {
  type: 'finish',
  sample: 0,
  reason: 'stop',
  usage: { promptTokens: 0, generatedTokens: 0, firstTokenMs: 0, tokensPerSecond: 0 },
};

test('without a reader it stops taking parts, and goes on when one is read', async () => {
  const sent: (readonly StreamPart[])[] = [];
  const sender = new PartSender((parts) => sent.push(parts));
  let taken = 0;
  const total = 100_000;
  const pumping = (async () => {
    for (; taken < total; taken++) await sender.add(delta(taken));
    await sender.add(finish);
    await sender.end();
  })();
  await vi.waitFor(() => expect(sent).toHaveLength(windowSize));
  await new Promise(setImmediate);
  const before = taken;
  expect(before).toBeLessThan((windowSize + 1) * 256 + 1);
  for (let read = 0; read < sent.length || taken < total; read++) {
    await vi.waitFor(() => expect(sent.length).toBeGreaterThan(read));
    if ((read + 1) % messagesPerAck === 0) sender.ack();
    await new Promise(setImmediate);
  }
  await pumping;
  const parts = sent.flat();
  expect(parts.at(-1)).toEqual(finish);
  expect(parts.flatMap((part) => (part.type === 'text-delta' ? part.tokenIds : []))).toEqual(
    Array.from({ length: total }, (_, i) => i),
  );
});

test('the first part leaves at once, the next are gathered; samples and probabilities stay apart', async () => {
  const sent: (readonly StreamPart[])[] = [];
  const sender = new PartSender((parts) => sent.push(parts));
  const chosen = [{ tokenId: 3, text: '3 ', probability: 0.5 }];
  await sender.add(delta(0));
  expect(sent).toEqual([[delta(0)]]);
  await sender.add(delta(1));
  await sender.add(delta(2));
  await sender.add({ ...delta(3), chosen } as StreamPart);
  await sender.add({ ...delta(4), chosen } as StreamPart);
  await sender.add(delta(5, 1));
  expect(sent).toHaveLength(1);
  await sender.end();
  expect(sent[1]).toEqual([
    { type: 'text-delta', sample: 0, text: '1 2 ', tokenIds: [1, 2] },
    { type: 'text-delta', sample: 0, text: '3 4 ', tokenIds: [3, 4], chosen: [...chosen, ...chosen] },
    delta(5, 1),
  ]);
});

test('a lone part leaves without another pushing it', async () => {
  const sent: (readonly StreamPart[])[] = [];
  const sender = new PartSender((parts) => sent.push(parts));
  await sender.add(delta(0));
  await sender.add(delta(1));
  await vi.waitFor(() => expect(sent).toEqual([[delta(0)], [delta(1)]]));
});
