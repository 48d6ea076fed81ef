import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkFromHost, checkToHost, type FromHost, type ToHost } from './protocol.ts';

const usage = { promptTokens: 1, generatedTokens: 2, firstTokenMs: 3, tokensPerSecond: 4 };
const info = {
  id: 'mlp',
  modelId: 'mlp',
  kind: 'completion',
  capabilities: new Set(['seeded'] as const),
  parameterCount: 1,
  contextLength: 1,
  vocabSize: 1,
} as const;
const model = { id: 'm', path: 'p' };

const toHost: ToHost[] = [
  { type: 'probe', id: 1, model },
  { type: 'load', id: 1, model, settings: { threads: 2 } },
  { type: 'generate', id: 1, request: { prompt: '', maxTokens: 1, sampling: {} } },
  {
    type: 'generate',
    id: 1,
    request: { messages: [{ role: 'user', content: 'hi' }], maxTokens: 1, sampling: {} },
  },
  { type: 'inspect', id: 1, view: { type: 'heatmap' } },
  { type: 'ack', id: 1 },
  { type: 'cancel', id: 1 },
  { type: 'ping' },
  { type: 'shutdown' },
];

const fromHost: FromHost[] = [
  { type: 'progress', id: 1, progress: { message: 'reading' } },
  { type: 'probed', id: 1, report: { fits: true, needs: [{ what: 'weights', bytes: 1 }], freeBytes: 2 } },
  { type: 'loaded', id: 1, info },
  {
    type: 'parts',
    id: 1,
    parts: [
      { type: 'text-delta', sample: 0, text: 'a', tokenIds: [1] },
      { type: 'finish', sample: 0, reason: 'stop', usage, seed: 1 },
    ],
  },
  { type: 'done', id: 1 },
  { type: 'inspected', id: 1, report: { type: 'distribution', title: 't', tokens: [] } },
  { type: 'failed', id: 1, error: { code: 'INTERNAL', message: 'm' } },
  { type: 'alive', rssBytes: 1 },
];

test.each(toHost)('to the host: $type passes', (message) => {
  expect(checkToHost(message)).toBe(message);
});

test.each(fromHost)('from the host: $type passes', (message) => {
  expect(checkFromHost(message)).toBe(message);
});

describe('malformed messages are HOST_PROTOCOL', () => {
  const malformed = expect.objectContaining({ code: 'HOST_PROTOCOL' });

  test.each([
    { type: 'parts', id: 1, parts: [{ type: 'text-delta', sample: 0, text: 7, tokenIds: [1] }] },
    { type: 'parts', id: 1, parts: [{ type: 'text-delta', sample: 0, text: '', tokenIds: ['x'] }] },
    { type: 'parts', id: 1, parts: [{ type: 'finish', sample: 0, reason: 'tired', usage }] },
    { type: 'parts', id: 1, parts: [{ type: 'other', sample: 0, reason: 'stop', usage }] },
    { type: 'loaded', id: 1, info: { ...info, capabilities: ['seeded'] } },
    { type: 'loaded', id: -1, info },
    { type: 'failed', id: 1, error: 'text' },
    { type: 'constructor' },
  ])('%j', (message) => {
    expect(() => checkFromHost(message)).toThrow(malformed);
  });

  test('any value at all is taken or refused, never anything else', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        for (const check of [checkToHost, checkFromHost]) {
          try {
            check(value);
          } catch (error) {
            expect(error).toEqual(malformed);
          }
        }
      }),
    );
  });

  test('a message that lost any one of its fields is refused', () => {
    for (const message of [...fromHost, ...toHost]) {
      for (const key of Object.keys(message)) {
        const cut = Object.fromEntries(Object.entries(message).filter(([name]) => name !== key));
        expect(() => checkFromHost(cut)).toThrow(malformed);
        expect(() => checkToHost(cut)).toThrow(malformed);
      }
    }
  });
});
