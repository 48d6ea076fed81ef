import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { GgufModel } from '../../formats/gguf/model.ts';
import { fitReport, requireFit } from './fit.ts';
import { freeMemory } from './free-memory.ts';
import { readSettings } from './settings.ts';

/** LLaMA 65B in 4 bits. */
const large: GgufModel = {
  architecture: 'llama',
  name: 'LLaMA 65B',
  license: undefined,
  parameterCount: 65_285_660_672,
  weightBytes: 39.3e9,
  quantization: 'q4_k',
  contextLength: 2048,
  vocabSize: 32_000,
  nLayer: 80,
  nEmbd: 8192,
  nHead: 64,
  nHeadKv: 64,
  nFf: 22_016,
  keyLength: 128,
  valueLength: 128,
  chatTemplate: undefined,
  split: { index: 0, count: 1, tensorCount: undefined },
};

const bytesOf = (report: ReturnType<typeof fitReport>, what: string) =>
  report.needs.find((need) => need.what.startsWith(what))!.bytes;

describe('fitReport', () => {
  test('counts the KV cache as llama.cpp does: 2.5 MiB a token for 65B at 16 bits', () => {
    const report = fitReport(large, readSettings(), 64e9);
    expect(bytesOf(report, 'KV cache')).toBe(2048 * 80 * 2 * 8192 * 2);
    expect(report.fits).toBe(true);
    const quantized = fitReport(large, readSettings({ kvType: 'q8_0' }), 64e9);
    expect(bytesOf(quantized, 'KV cache')).toBe((2048 * 80 * 2 * 8192 * 34) / 32);
  });

  test.each([
    [44e9, 'kvType q8_0'],
    [41.5e9, 'contextLength'],
    [24e9, 'quantization'],
    [4e9, 'smaller model'],
  ])('with %d bytes free it says what would fit: %s', (free, advice) => {
    const report = fitReport(large, readSettings(), free);
    expect(report.fits).toBe(false);
    expect(report.advice).toContain(advice);
    expect(() => requireFit(report)).toThrow(
      expect.objectContaining({ code: 'MODEL_TOO_LARGE', message: expect.stringContaining('39.3 GB') }),
    );
  });
});

describe('freeMemory', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'babble-memory-'));
    put('proc/meminfo', 'MemTotal: 99 kB\nMemAvailable:    1000000 kB\n');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const put = (file: string, text: string) => {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  };
  const free = () => freeMemory({ proc: path.join(root, 'proc'), cgroup: path.join(root, 'cgroup') });

  test('is what the kernel calls available', () => {
    expect(free()).toBe(1_024_000_000);
  });

  test('cgroup v2: the tightest group on the way up counts, its cache does not', () => {
    put('proc/self/cgroup', '0::/a/b\n');
    put('cgroup/a/b/memory.max', 'max\n');
    put('cgroup/a/memory.max', '500000000\n');
    put('cgroup/a/memory.current', '300000000\n');
    put('cgroup/a/memory.stat', 'anon 1\ninactive_file 100000000\n');
    expect(free()).toBe(300_000_000);
  });

  test('cgroup v1', () => {
    put('proc/self/cgroup', '5:cpu,memory:/c\n');
    put('cgroup/memory/c/memory.limit_in_bytes', '400000000\n');
    put('cgroup/memory/c/memory.usage_in_bytes', '150000000\n');
    expect(free()).toBe(250_000_000);
  });
});
