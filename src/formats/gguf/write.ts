import { open } from 'node:fs/promises';
import {
  type GgmlType,
  type GgufMetadata,
  type GgufValue,
  type GgufValueType,
  pad,
  tensorBytes,
  valueTypes,
} from './types.ts';

/** A tensor to be written. `data` is called once, when its turn comes, and may yield it in parts. */
export interface GgufTensor {
  readonly name: string;
  /** As ggml has it: the first is the length of a row. */
  readonly shape: readonly number[];
  readonly type: GgmlType;
  data(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/**
 * Writes a GGUF file, version 3, little-endian. One part of one tensor is in memory at a time, so the
 * file may be larger than the memory. Alignment is 32 unless the metadata name another.
 *
 * @returns the file's size in bytes
 * @throws Error when a tensor's data are not as long as its shape says (the file is then incomplete)
 */
export async function writeGguf(
  path: string,
  metadata: GgufMetadata,
  tensors: readonly GgufTensor[],
): Promise<number> {
  const alignment = alignmentOf(metadata);
  const header = Buffer.concat(encodeHeader(metadata, tensors, alignment));
  const file = await open(path, 'w');
  try {
    let written = 0;
    const write = async (bytes: Uint8Array) => {
      await file.writeFile(bytes);
      written += bytes.length;
    };
    const padTo = async (length: number) => write(new Uint8Array(length - written));
    await write(header);
    await padTo(pad(written, alignment));
    for (const tensor of tensors) {
      const start = written;
      for await (const part of tensor.data()) await write(part);
      const bytes = tensorBytes(tensor.type, tensor.shape);
      if (written - start !== bytes) {
        throw new Error(
          `tensor ${tensor.name} has ${written - start} bytes of data, its shape takes ${bytes}`,
        );
      }
      await padTo(pad(written, alignment));
    }
    return written;
  } finally {
    await file.close();
  }
}

function alignmentOf(metadata: GgufMetadata): number {
  const entry = metadata.get('general.alignment');
  return entry?.type === 'uint32' ? entry.value : 32;
}

function encodeHeader(
  metadata: GgufMetadata,
  tensors: readonly GgufTensor[],
  alignment: number,
): Uint8Array[] {
  const parts: Uint8Array[] = [
    Buffer.from('GGUF', 'latin1'),
    uint32(3),
    uint64(tensors.length),
    uint64(metadata.size),
  ];
  for (const [key, value] of metadata) {
    parts.push(string(key), uint32(valueTypes.indexOf(value.type)), ...encodeValue(value));
  }
  let offset = 0;
  for (const { name, shape, type } of tensors) {
    parts.push(string(name), uint32(shape.length), ...shape.map(uint64), uint32(type.id), uint64(offset));
    offset = pad(offset + tensorBytes(type, shape), alignment);
  }
  return parts;
}

function encodeValue(entry: GgufValue): Uint8Array[] {
  if (entry.type !== 'array') return [encodeScalar(entry.type, entry.value)];
  const head: Uint8Array[] = [uint32(valueTypes.indexOf(entry.of)), uint64(entry.value.length)];
  if (ArrayBuffer.isView(entry.value)) {
    const { buffer, byteOffset, byteLength } = entry.value;
    return [...head, new Uint8Array(buffer, byteOffset, byteLength)];
  }
  for (const value of entry.value) head.push(encodeScalar(entry.of, value));
  return head;
}

function encodeScalar(type: GgufValueType, value: number | bigint | boolean | string): Uint8Array {
  const out = Buffer.alloc(8);
  switch (type) {
    case 'uint8':
      return out.subarray(0, out.writeUInt8(Number(value)));
    case 'int8':
      return out.subarray(0, out.writeInt8(Number(value)));
    case 'uint16':
      return out.subarray(0, out.writeUInt16LE(Number(value)));
    case 'int16':
      return out.subarray(0, out.writeInt16LE(Number(value)));
    case 'uint32':
      return out.subarray(0, out.writeUInt32LE(Number(value)));
    case 'int32':
      return out.subarray(0, out.writeInt32LE(Number(value)));
    case 'float32':
      return out.subarray(0, out.writeFloatLE(Number(value)));
    case 'float64':
      return out.subarray(0, out.writeDoubleLE(Number(value)));
    case 'bool':
      return out.subarray(0, out.writeUInt8(value ? 1 : 0));
    case 'uint64':
      return out.subarray(0, out.writeBigUInt64LE(BigInt(value)));
    case 'int64':
      return out.subarray(0, out.writeBigInt64LE(BigInt(value)));
    case 'string':
      return string(String(value));
    case 'array':
      throw new Error('GGUF has no arrays of arrays');
    default:
      return type satisfies never;
  }
}

function uint32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value);
  return out;
}

function uint64(value: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(BigInt(value));
  return out;
}

function string(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([uint64(bytes.length), bytes]);
}
