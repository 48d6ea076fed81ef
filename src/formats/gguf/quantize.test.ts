import { expect, test } from 'vitest';
import { quantize } from './quantize.ts';

const values = Float32Array.from({ length: 256 }, (_, i) => Math.sin(i * 1.7) * (1 + (i >> 5)));

/** ggml's dequantizers, written from the layout. */
function dequantize(bytes: Uint8Array, type: 'q8_0' | 'q4_0'): number[] {
  const blockBytes = type === 'q8_0' ? 34 : 18;
  return Array.from({ length: bytes.length / blockBytes }, (_, block) => {
    const view = new DataView(bytes.buffer, block * blockBytes, blockBytes);
    const scale = view.getFloat16(0, true);
    return Array.from({ length: 32 }, (_value, i) => {
      if (type === 'q8_0') return scale * view.getInt8(2 + i);
      const byte = view.getUint8(2 + (i % 16));
      return scale * ((i < 16 ? byte & 15 : byte >> 4) - 8);
    });
  }).flat();
}

test.each([
  ['q8_0', 0.5 / 127 + 0.001],
  ['q4_0', 1 / 8 + 0.001],
] as const)('%s is off by at most half a step, a step at the far end', (type, share) => {
  const restored = dequantize(quantize(values, type), type);
  for (let block = 0; block < values.length; block += 32) {
    const largest = Math.max(...values.slice(block, block + 32).map(Math.abs));
    for (let i = block; i < block + 32; i++) {
      expect(Math.abs(restored[i]! - values[i]!)).toBeLessThanOrEqual(share * largest);
    }
  }
});

test('the layouts, by hand', () => {
  const block = new Float32Array(32);
  block[0] = -8;
  block[1] = 7;
  block[16] = 1;
  // scale 1; bits = value + 8, element 16 in the high nibble of element 0's byte
  const q4 = quantize(block, 'q4_0');
  expect([q4[0], q4[1], q4[2], q4[3]]).toEqual([0x00, 0x3c, 0x90, 0x8f]);
  block[0] = 127;
  const q8 = quantize(block, 'q8_0');
  expect([q8[0], q8[1], q8[2], q8[3], q8[18]]).toEqual([0x00, 0x3c, 127, 7, 1]);
});

test('zeros stay zeros, f16 halves the bytes, odd lengths are refused', () => {
  expect(dequantize(quantize(new Float32Array(32), 'q4_0'), 'q4_0').every((value) => value === 0)).toBe(true);
  expect(quantize(values, 'f16')).toHaveLength(512);
  expect(() => quantize(new Float32Array(33), 'q8_0')).toThrow('no whole blocks');
});
