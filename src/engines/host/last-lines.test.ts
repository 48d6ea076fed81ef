import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { LastLines } from './last-lines.ts';

test('only the last lines are kept, whole across cuts, and each is bounded', async () => {
  const output = new LastLines(3, 10);
  const stream = new PassThrough();
  output.read(stream);
  for (let i = 0; i < 1000; i++) stream.write(`line ${i}\n`);
  stream.write('half a');
  stream.write(`nd half\n${'x'.repeat(1000)}`);
  stream.end();
  await new Promise((resolve) => stream.once('close', resolve));
  expect(output.lines).toEqual(['line 999', 'half and h', 'xxxxxxxxxx']);
});
