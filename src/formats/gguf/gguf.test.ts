import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readGguf } from './read.ts';
import { type GgufMetadata, type GgufValue, ggmlType } from './types.ts';
import { type GgufTensor, writeGguf } from './write.ts';

const folder = mkdtempSync(join(tmpdir(), 'babble-gguf-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newPath = () => join(folder, `${files++}.gguf`);

const metadata: GgufMetadata = new Map<string, GgufValue>([
  ['general.architecture', { type: 'string', value: 'llama' }],
  ['u8', { type: 'uint8', value: 255 }],
  ['i8', { type: 'int8', value: -128 }],
  ['u16', { type: 'uint16', value: 65_535 }],
  ['i16', { type: 'int16', value: -32_768 }],
  ['u32', { type: 'uint32', value: 4_294_967_295 }],
  ['i32', { type: 'int32', value: -1 }],
  ['f32', { type: 'float32', value: 0.5 }],
  ['f64', { type: 'float64', value: Math.PI }],
  ['yes', { type: 'bool', value: true }],
  ['u64', { type: 'uint64', value: 2n ** 64n - 1n }],
  ['i64', { type: 'int64', value: -(2n ** 63n) }],
  ['tokens', { type: 'array', of: 'string', value: ['a', '▁', 'é', ''] }],
  ['flags', { type: 'array', of: 'bool', value: [true, false] }],
  ['scores', { type: 'array', of: 'float32', value: new Float32Array([1.5, -2]) }],
  ['big', { type: 'array', of: 'int64', value: new BigInt64Array([-1n, 7n]) }],
]);

const tensor = (name: string, type: string, shape: number[], bytes: Uint8Array): GgufTensor => ({
  name,
  shape,
  type: ggmlType(type),
  data: () => [bytes],
});

const tensors = [
  tensor('a', 'f32', [3, 2], new Uint8Array(24).fill(1)),
  tensor('b', 'q8_0', [32], new Uint8Array(34).fill(2)),
];

test('what the writer writes, the reader reads', async () => {
  const path = newPath();
  const bytes = await writeGguf(path, metadata, tensors);
  const file = readGguf(path);
  expect(file.fileBytes).toBe(bytes);
  expect(file.metadata).toEqual(metadata);
  expect(file.tensors.map(({ name, shape, type }) => [name, shape, type.name])).toEqual([
    ['a', [3, 2], 'f32'],
    ['b', [32], 'q8_0'],
  ]);
  const data = readFileSync(path);
  const [a, b] = file.tensors;
  expect(a!.offset % 32).toBe(0);
  expect(data.subarray(a!.offset, a!.offset + a!.bytes)).toEqual(Buffer.alloc(24, 1));
  expect(data.subarray(b!.offset, b!.offset + b!.bytes)).toEqual(Buffer.alloc(34, 2));
});

test('the writer refuses data that do not fill their shape', async () => {
  await expect(writeGguf(newPath(), metadata, [tensor('a', 'f32', [4], new Uint8Array(15))])).rejects.toThrow(
    '15 bytes of data, its shape takes 16',
  );
});

// Pieces of hand-made files.
const u32 = (value: number) => {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value);
  return out;
};
const u64 = (value: bigint | number) => {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  return out;
};
const text = (value: string) => Buffer.concat([u64(value.length), Buffer.from(value, 'latin1')]);
const header = (nTensors: bigint | number, nKv: bigint | number, version = 3, magic = 'GGUF') => [
  Buffer.from(magic),
  u32(version),
  u64(nTensors),
  u64(nKv),
];
const info = (name: string, shape: (bigint | number)[], type = 0, offset: bigint | number = 0) => [
  text(name),
  u32(shape.length),
  ...shape.map(u64),
  u32(type),
  u64(offset),
];
const alignmentEntry = (value: number, type = 4) => [text('general.alignment'), u32(type), u32(value)];
const room = Buffer.alloc(4096);

// The classes of llama.cpp's tests/test-gguf.cpp that must be rejected, and a few more.
const bad: Record<string, Buffer[]> = {
  'an empty file': [],
  'a file that ends in the header': [Buffer.from('GGUF'), u32(3)],
  'a bad magic': [...header(0, 0, 3, 'FUGG'), room],
  'version 0': [...header(0, 0, 0), room],
  'version 1': [...header(0, 0, 1), room],
  'a future version': [...header(0, 0, 4), room],
  'a big-endian version': [...header(0, 0, 0x03000000), room],
  'a huge number of tensors': [...header(-1n, 0), room],
  'a huge number of entries': [...header(0, -1n), room],
  'more entries than fit': [...header(0, 1000), room],
  'a huge key': [...header(0, 1), u64(-1n), room],
  'an empty key': [...header(0, 1), text(''), u32(4), u32(1), room],
  'an unknown value type': [...header(0, 1), text('k'), u32(13), room],
  'a key that comes twice': [
    ...header(0, 2),
    text('k'),
    u32(0),
    room.subarray(0, 1),
    text('k'),
    u32(0),
    room,
  ],
  'a huge string, in 64 bytes': [...header(0, 1), text('k'), u32(8), u64(2n ** 63n), Buffer.alloc(19)],
  'a huge array': [...header(0, 1), text('k'), u32(9), u32(0), u64(2n ** 40n), room],
  'an array of arrays': [...header(0, 1), text('k'), u32(9), u32(9), u64(1), room],
  'an alignment that is no power of two': [...header(0, 1), ...alignmentEntry(13), room],
  'an alignment of 0': [...header(0, 1), ...alignmentEntry(0), room],
  'an alignment of another type': [...header(0, 1), ...alignmentEntry(32, 5), room],
  'a tensor name of 64 bytes': [...header(1, 0), ...info('n'.repeat(64), [4]), room],
  'a tensor name that comes twice': [...header(2, 0), ...info('n', [8]), ...info('n', [8], 0, 32), room],
  'five dimensions': [...header(1, 0), ...info('n', [1, 1, 1, 1, 1]), room],
  'a negative dimension': [...header(1, 0), ...info('n', [-1n]), room],
  'dimensions whose product overflows': [...header(1, 0), ...info('n', [2n ** 33n, 2n ** 33n]), room],
  'bytes that overflow': [...header(1, 0), ...info('n', [2n ** 61n], 27), room],
  'a size that wraps to 0 when padded': [
    ...header(1, 0),
    ...info('n', [4, 1_073_741_823, 1_073_741_825]),
    room,
  ],
  'sizes whose sum overflows': [
    ...header(2, 0),
    ...info('n', [0x7fffffffffffffc0n], 24),
    ...info('m', [0x7fffffffffffffc0n], 24),
    room,
  ],
  'an unknown tensor type': [...header(1, 0), ...info('n', [4], 43), room],
  'a retired tensor type': [...header(1, 0), ...info('n', [32], 4), room],
  'a row that is no multiple of the block': [...header(1, 0), ...info('n', [33], 8), room],
  'a bad offset': [...header(1, 0), ...info('n', [4], 0, -1n), room],
  'overlapping tensors': [...header(2, 0), ...info('n', [16]), ...info('m', [16], 0, 32), room],
  'a hole between tensors': [...header(2, 0), ...info('n', [16]), ...info('m', [16], 0, 128), room],
  'offsets for another alignment': [...header(2, 0), ...info('n', [3]), ...info('m', [3], 0, 12), room],
  'too little data': [...header(1, 0), ...info('n', [1024]), room.subarray(0, 4000)],
};

describe('the reader rejects', () => {
  test.each(Object.entries(bad))('%s', (_name, parts) => {
    const path = newPath();
    writeFileSync(path, Buffer.concat(parts));
    expect(() => readGguf(path)).toThrow(expect.objectContaining({ code: 'GGUF_INVALID' }));
  });

  test('a folder, and a file that is not there', () => {
    expect(() => readGguf(folder)).toThrow(expect.objectContaining({ code: 'GGUF_INVALID' }));
    expect(() => readGguf(newPath())).toThrow(expect.objectContaining({ code: 'FILE_NOT_FOUND' }));
  });
});

test('the reader takes what llama.cpp takes: no tensors, a tensor without elements, another alignment', () => {
  const good = [
    [...header(0, 0)],
    [...header(0, 0, 2)],
    [...header(1, 0), ...info('n', [4, 0]), room],
    [...header(2, 1), ...alignmentEntry(1), ...info('n', [3]), ...info('m', [3], 0, 12), room],
  ];
  for (const parts of good) {
    const path = newPath();
    writeFileSync(path, Buffer.concat(parts));
    expect(readGguf(path).fileBytes).toBeGreaterThan(0);
  }
});
