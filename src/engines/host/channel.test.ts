import { Duplex, duplexPair } from 'node:stream';
import { deserialize, serialize } from 'node:v8';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AppError } from '../../errors.ts';
import { openChannel } from './channel.ts';

function reader(): { stream: Duplex; messages: unknown[]; errors: AppError[] } {
  const messages: unknown[] = [];
  const errors: AppError[] = [];
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  openChannel(stream, {
    onMessage: (message) => messages.push(message),
    onBroken: (error) => errors.push(error),
  });
  return { stream, messages, errors };
}

function frame(message: unknown): Buffer {
  const body = serialize(message);
  const header = Buffer.alloc(4);
  header.writeUInt32BE(body.length);
  return Buffer.concat([header, body]);
}

const settled = () => new Promise(setImmediate);

test('sets, typed arrays and large messages cross whole', async () => {
  const [a, b] = duplexPair();
  const received: unknown[] = [];
  const message = { set: new Set(['x']), values: new Float32Array(1_000_000).fill(0.5) };
  const arrived = new Promise<void>((resolve) => {
    openChannel(b, {
      onMessage(value) {
        received.push(value);
        resolve();
      },
      onBroken() {},
    });
  });
  openChannel(a, { onMessage() {}, onBroken() {} }).send(message);
  await arrived;
  expect(received).toEqual([message]);
});

test('messages arrive whole and in order however the bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.jsonValue(), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }),
      async (values, cuts) => {
        const { stream, messages, errors } = reader();
        const bytes = Buffer.concat(values.map((value) => frame({ value })));
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const next = at + (cuts[i % cuts.length] ?? 1);
          stream.push(bytes.subarray(at, next));
          at = next;
        }
        await settled();
        expect(errors).toEqual([]);
        expect(messages).toEqual(values.map((value) => deserialize(serialize({ value }))));
      },
    ),
  );
});

test('bytes that are no message are one typed error, and nothing after them is believed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (body) => {
      const { stream, messages, errors } = reader();
      const header = Buffer.alloc(4);
      header.writeUInt32BE(body.length);
      stream.push(Buffer.concat([header, body, frame({ late: true })]));
      await settled();
      // Random bytes may happen to be a message; if they are not, the channel is closed for good.
      if (errors.length > 0) {
        expect(errors.map((error) => error.code)).toEqual(['HOST_PROTOCOL']);
        expect(messages).toEqual([]);
      }
    }),
  );
});
