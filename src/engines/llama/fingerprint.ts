import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import type { GgufFile } from '../../formats/gguf/types.ts';

const samples = 256;
const sampleBytes = 4096;

/**
 * Tells files with other weights apart without reading gigabytes: a hash over their headers and over
 * samples spread evenly over their data. Copies and renamed files are the same.
 */
export function fingerprint(files: readonly GgufFile[]): string {
  const hash = createHash('sha256');
  for (const { path, fileBytes, dataOffset } of files) {
    const descriptor = openSync(path, 'r');
    try {
      hash.update(String(fileBytes));
      const take = (position: number, length: number) => {
        const buffer = Buffer.alloc(length);
        hash.update(buffer.subarray(0, readSync(descriptor, buffer, 0, length, position)));
      };
      take(0, dataOffset);
      const step = (fileBytes - dataOffset) / samples;
      for (let i = 0; i < samples; i++) take(Math.floor(dataOffset + i * step), sampleBytes);
    } finally {
      closeSync(descriptor);
    }
  }
  return hash.digest('hex');
}
