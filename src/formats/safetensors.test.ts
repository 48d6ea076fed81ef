import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../errors.ts';
import { decodeSafetensors, encodeSafetensors, loadFloats, storeFloats } from './safetensors.ts';

const python = new Uint8Array(readFileSync(new URL('./fixtures/python.safetensors', import.meta.url)));

/** A file with this header text and so many bytes of data. */
function fileWith(header: string | object, dataBytes = 0): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

describe('a file that the Python library wrote', () => {
  const { tensors, metadata } = decodeSafetensors(python);

  it('reads with names, shapes, values and metadata', () => {
    expect([...metadata]).toEqual([['made by', 'Python ✓']]);
    expect([...tensors.keys()].sort()).toEqual(
      [
        'f32',
        'f16',
        'bf16',
        'f64',
        'i64',
        'i32',
        'i16',
        'i8',
        'u8',
        'bool',
        'scalar',
        'empty',
        'ünïcode "name"',
      ].sort(),
    );
    expect(tensors.get('f32')?.shape).toEqual([2, 3]);
    expect(tensors.get('scalar')?.shape).toEqual([]);
    expect(tensors.get('empty')?.shape).toEqual([0, 4]);
    const tiny = Math.fround(1e-7);
    expect([...loadFloats(tensors.get('f32')!)]).toEqual([0, -0, 1, 3.140625, 65504, tiny]);
    expect([...loadFloats(tensors.get('f16')!)]).toEqual([0, -0, 1, 3.140625, 65504, 2 ** -23]);
    expect(loadFloats(tensors.get('bf16')!)[4]).toBe(65536);
    expect(loadFloats(tensors.get('bf16')!)[5]).toBeCloseTo(1e-7, 9);
    expect([...tensors.get('i32')!.bytes]).toEqual([255, 255, 255, 255, 255, 255, 255, 127]);
  });

  it('is written again byte for byte', () => {
    expect(encodeSafetensors(tensors, Object.fromEntries(metadata))).toEqual(python);
  });

  it('has the same rounding to F16 and BF16 as PyTorch', () => {
    const values = loadFloats(tensors.get('f32')!);
    expect(storeFloats(values, [2, 3], 'F16')).toEqual(tensors.get('f16'));
    expect(storeFloats(values, [2, 3], 'BF16')).toEqual(tensors.get('bf16'));
  });
});

describe('encode and decode', () => {
  it('return any float32 tensors bit for bit', () => {
    const tensor = fc.float32Array().map((values) => storeFloats(values, [values.length]));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), tensor), (record) => {
        const entries = Object.entries(record).filter(([name]) => name !== '__metadata__');
        const { tensors } = decodeSafetensors(encodeSafetensors(entries));
        expect(tensors.size).toBe(entries.length);
        for (const [name, { bytes }] of entries) {
          expect(Buffer.compare(tensors.get(name)!.bytes, bytes)).toBe(0);
        }
      }),
    );
  });

  it('keep a bfloat16 NaN a NaN', () => {
    const nan = new Float32Array(new Uint32Array([0x7f80_0001, 0xffff_ffff]).buffer);
    expect([...loadFloats(storeFloats(nan, [2], 'BF16'))]).toEqual([Number.NaN, Number.NaN]);
  });
});

describe('a broken file', () => {
  const entry = (begin: number, end: number, shape: unknown = [end - begin], dtype: unknown = 'U8') => ({
    dtype,
    shape,
    data_offsets: [begin, end],
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['is empty', new Uint8Array(0), /0 bytes/],
    ['claims a huge header', fileWith('{}').fill(0xff, 0, 8), /18446744073709551615/],
    ['has no JSON', fileWith('{"a":'), /JSON/],
    ['has an array as header', fileWith('[]'), /not a JSON object/],
    ['has invalid UTF-8', fileWith('{"a":1}').fill(0xff, 10, 11), /UTF-8/],
    ['has data after the last tensor', fileWith({ a: entry(0, 2) }, 3), /byte 2 of 3/],
    ['has a hole', fileWith({ a: entry(0, 2), b: entry(3, 4) }, 4), /begins at byte 3; 2/],
    ['has an overlap', fileWith({ a: entry(0, 2), b: entry(1, 4) }, 4), /begins at byte 1; 2/],
    ['points behind its end', fileWith({ a: entry(0, 8) }, 4), /bytes 0 to 8 of 4/],
    ['has offsets in reverse', fileWith({ a: entry(4, 0, [0]) }, 4), /bytes 4 to 0/],
    ['has a negative offset', fileWith({ a: entry(-1, 4, [4]) }, 4), /not two sizes/],
    ['has an offset that is no integer', fileWith({ a: entry(0.5, 4, [4]) }, 4), /not two sizes/],
    ['has a negative size', fileWith({ a: entry(0, 4, [-2, -2]) }, 4), /not a list of sizes/],
    ['has a shape that overflows', fileWith({ a: entry(0, 4, Array(9).fill(2 ** 52)) }, 4), /has 4 bytes/],
    ['has an unknown dtype', fileWith({ a: entry(0, 4, [4], 'toString') }, 4), /unknown dtype "toString"/],
    ['has a number as tensor', fileWith({ a: 5 }), /not an object/],
    ['has a number in its metadata', fileWith({ __metadata__: { a: 5 } }), /not a text/],
  ])('that %s is refused', (_, file, message) => {
    expect(() => decodeSafetensors(file)).toThrow(message);
  });

  it('by any change of bytes or any cut gives FILE_INVALID or tensors within the file', () => {
    const change = fc.record({ at: fc.nat(python.length - 1), byte: fc.nat(255) });
    const changes = fc.array(change, { maxLength: 4 });
    fc.assert(
      fc.property(changes, fc.nat(python.length), fc.boolean(), (edits, length, cut) => {
        const file = python.slice(0, cut ? length : python.length);
        for (const { at, byte } of edits) if (at < file.length) file[at] = byte;
        try {
          const { tensors } = decodeSafetensors(file);
          const total = [...tensors.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
          expect(total).toBeLessThan(file.length);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          expect((error as AppError).code).toBe('FILE_INVALID');
        }
      }),
      { numRuns: 1000 },
    );
  });
});
