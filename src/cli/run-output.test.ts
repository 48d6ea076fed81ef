import { PassThrough, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import type { StreamPart } from '../engines/engine.ts';
import { createPrinter, type OutputFormat, safeJson } from './run-output.ts';

const usage = { promptTokens: 1, generatedTokens: 2, firstTokenMs: 3, tokensPerSecond: 4 };
const delta = (sample: number, text: string): StreamPart => ({
  type: 'text-delta',
  sample,
  text,
  tokenIds: [],
});
const finish = (sample: number): StreamPart => ({ type: 'finish', sample, reason: 'stop', usage, seed: 7 });

async function print(format: OutputFormat, parts: readonly StreamPart[]): Promise<string> {
  const out = new PassThrough();
  const printer = createPrinter(out, format, () => {});
  for (const part of parts) await printer.print(part);
  await printer.end({ engine: 'mlp', model: 'mlp' });
  return String(out.read() ?? '');
}

test('samples streamed side by side come out one after the other, one a line', async () => {
  const parts = [delta(0, 'an'), delta(1, 'bo'), finish(1), delta(0, 'na'), finish(0)];
  expect(await print('text', parts)).toBe('anna\nbo\n');
});

test('a text that ends its own line gets no second line feed', async () => {
  expect(await print('text', [delta(0, 'a\n'), finish(0)])).toBe('a\n');
});

test('an escape sequence split over two parts never reaches the output', async () => {
  const text = await print('text', [delta(0, 'red \u001b['), delta(0, '31mrose'), finish(0)]);
  expect(text).toBe('red rose\n');
});

test('--json gives one object that keeps every character, escaped', async () => {
  const json = await print('json', [delta(0, 'a\u001b[2J\u202eb\u{E0041}'), finish(0)]);
  expect(json).not.toMatch(/[\u001b\u202e\u{E0041}]/u);
  expect(JSON.parse(json)).toEqual({
    engine: 'mlp',
    model: 'mlp',
    samples: [{ text: 'a\u001b[2J\u202eb\u{E0041}', reason: 'stop', seed: 7, usage }],
  });
});

test('--jsonl gives every part as it comes', async () => {
  const parts = [delta(0, 'a'), finish(0)];
  const lines = (await print('jsonl', parts)).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual(parts);
});

test('a reader that goes away is told once and is no error', async () => {
  let gone = 0;
  const out = new Writable({
    write(_chunk, _encoding, done) {
      done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    },
  });
  const printer = createPrinter(out, 'text', () => {
    gone += 1;
  });
  await printer.print(delta(0, 'a'));
  await new Promise(setImmediate);
  await printer.print(delta(0, 'b'));
  expect(printer.readerGone).toBe(true);
  expect(gone).toBe(1);
});

test('safeJson escapes what a terminal could act on, and only that', () => {
  expect(safeJson({ a: 'é 👩‍💻 \u009b' })).toBe('{"a":"é 👩\\u200d💻 \\u009b"}');
});
