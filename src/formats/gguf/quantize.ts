/**
 * Quantizers for GGUF tensors: 32-bit floats in, ggml's blocks out. Layouts and rounding are those of
 * ggml's reference quantizers (block_q8_0, block_q4_0).
 */

export const quantizations = ['f32', 'f16', 'q8_0', 'q4_0'] as const;
export type Quantization = (typeof quantizations)[number];

const blockSize = 32;

/** @param values whole rows whose length is a multiple of 32 for the block types */
export function quantize(values: Float32Array, type: Quantization): Uint8Array {
  switch (type) {
    case 'f32':
      return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    case 'f16':
      return new Uint8Array(Float16Array.from(values).buffer);
    case 'q8_0':
      return quantizeBlocks(values, 34, quantizeQ8);
    case 'q4_0':
      return quantizeBlocks(values, 18, quantizeQ4);
    default:
      return type satisfies never;
  }
}

type QuantizeBlock = (block: Float32Array, out: DataView) => void;

function quantizeBlocks(values: Float32Array, blockBytes: number, quantizeBlock: QuantizeBlock): Uint8Array {
  if (values.length % blockSize !== 0) throw new Error(`${values.length} values are no whole blocks`);
  const blocks = values.length / blockSize;
  const out = new Uint8Array(blocks * blockBytes);
  for (let block = 0; block < blocks; block++) {
    const view = new DataView(out.buffer, block * blockBytes, blockBytes);
    quantizeBlock(values.subarray(block * blockSize, (block + 1) * blockSize), view);
  }
  return out;
}

/** Scale (f16), then 32 signed bytes: value = scale × byte. */
function quantizeQ8(block: Float32Array, out: DataView): void {
  let largest = 0;
  for (const value of block) largest = Math.max(largest, Math.abs(value));
  const scale = Math.fround(largest / 127);
  const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
  out.setFloat16(0, scale, true);
  block.forEach((value, i) => {
    out.setInt8(2 + i, roundHalfAway(Math.fround(value * inverse)));
  });
}

/** Scale (f16), then 32 values of 4 bits, the second half in the high nibbles: value = scale × (bits − 8). */
function quantizeQ4(block: Float32Array, out: DataView): void {
  let extreme = 0;
  for (const value of block) if (Math.abs(value) > Math.abs(extreme)) extreme = value;
  const scale = Math.fround(extreme / -8);
  const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
  out.setFloat16(0, scale, true);
  const bits = (value: number) => Math.min(15, Math.trunc(Math.fround(Math.fround(value * inverse) + 8.5)));
  for (let i = 0; i < 16; i++) out.setUint8(2 + i, bits(block[i]!) | (bits(block[16 + i]!) << 4));
}

/** As C's roundf. */
function roundHalfAway(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value));
}
