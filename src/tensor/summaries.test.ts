import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { loadTensorFlow } from './load.ts';
import { openSummaries } from './summaries.ts';

/** The records of an event file (TFRecord: length, its checksum, data, its checksum), each an Event in protobuf. */
function records(file: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    found.push(file.subarray(at + 12, at + 12 + length));
    at += length + 16;
  }
  return found;
}

test('scalars stand in an event file with their step', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'babble-summaries-'));
  try {
    const { tf } = await loadTensorFlow();
    const summaries = openSummaries(tf, folder)!;
    summaries.scalar('loss/train', 2.5, 7);
    summaries.scalar('loss/val', 1.25, 300);
    summaries.flush();
    const [name, ...others] = await readdir(folder);
    expect(others).toEqual([]);
    expect(name).toMatch(/^events\.out\.tfevents\./);
    const [version, train, val] = records(await readFile(path.join(folder, name!)));
    expect(version!.toString('latin1')).toContain('brain.Event:2');
    // Event.step is field 2; Value.simple_value field 2 as a float.
    const floatOf = (value: number) => Buffer.from(Float32Array.of(value).buffer).toString('latin1');
    expect(train!.toString('latin1')).toContain('\x10\x07');
    expect(train!.toString('latin1')).toContain(`loss/train\x15${floatOf(2.5)}`);
    expect(val!.toString('latin1')).toContain('\x10\xac\x02');
    expect(val!.toString('latin1')).toContain(`loss/val\x15${floatOf(1.25)}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
