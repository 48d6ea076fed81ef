import { FileCursor, invalidGguf } from './cursor.ts';
import {
  type GgufArray,
  type GgufFile,
  type GgufTensorInfo,
  type GgufValue,
  type GgufValueType,
  ggmlTypeById,
  pad,
  tensorBytes,
  valueTypes,
} from './types.ts';

/** Far above any real model's, low enough that no file can exhaust the reader. */
const limits = {
  headerBytes: 256 << 20,
  metadataEntries: 1 << 16,
  tensors: 1 << 18,
  arrayElements: 1 << 24,
  keyBytes: 65_535,
  stringBytes: 64 << 20,
  nameBytes: 63, // ggml's GGML_MAX_NAME less the end mark
  dimensions: 4,
  alignment: 1 << 20,
} as const;

const minEntryBytes = 8 + 1 + 4 + 1; // key length, key, type, value
const minTensorBytes = 8 + 4 + 4 + 8; // name length, dimension count, type, offset

/**
 * Reads and checks the header of a GGUF file (versions 2 and 3, little-endian); the tensors' data are
 * not read. No count, length, type, shape or offset is believed before it is compared with the file's
 * size. Rejects all that llama.cpp's reader rejects.
 *
 * @throws AppError FILE_NOT_FOUND, GGUF_INVALID
 */
export function readGguf(path: string): GgufFile {
  using cursor = new FileCursor(path, limits.headerBytes);
  const version = readPreamble(cursor);
  const tensorCount = cursor.count('the number of tensors', minTensorBytes, limits.tensors);
  const entryCount = cursor.count('the number of metadata entries', minEntryBytes, limits.metadataEntries);
  const metadata = readMetadata(cursor, entryCount);
  const alignment = readAlignment(path, metadata);
  const infos = readTensorInfos(cursor, tensorCount);
  const dataOffset = pad(cursor.position, alignment);
  return {
    path,
    fileBytes: cursor.fileBytes,
    version,
    alignment,
    metadata,
    dataOffset,
    tensors: placeTensors(cursor, infos, dataOffset, alignment),
  };
}

function readPreamble(cursor: FileCursor): number {
  const magic = cursor.take(4, 'the magic').toString('latin1');
  if (magic !== 'GGUF') throw cursor.fail(`it starts with ${JSON.stringify(magic)}, not "GGUF"`);
  const version = cursor.uint32('the version');
  if (version !== 0 && (version & 0xffff) === 0) {
    throw cursor.fail('it is big-endian; only little-endian files are read');
  }
  if (version !== 2 && version !== 3) throw cursor.fail(`its version is ${version}, 2 and 3 are read`);
  return version;
}

function readMetadata(cursor: FileCursor, count: number): Map<string, GgufValue> {
  const metadata = new Map<string, GgufValue>();
  for (let index = 0; index < count; index++) {
    const key = cursor.string(`key ${index}`, limits.keyBytes);
    if (key === '') throw cursor.fail(`key ${index} is empty`);
    if (metadata.has(key)) throw cursor.fail(`key ${JSON.stringify(key)} comes twice`);
    metadata.set(key, readValue(cursor, key));
  }
  return metadata;
}

function readType(cursor: FileCursor, key: string): GgufValueType {
  const id = cursor.uint32(`the type of ${key}`);
  const name = valueTypes[id];
  if (name === undefined) throw cursor.fail(`${JSON.stringify(key)} has the unknown type ${id}`);
  return name;
}

function readValue(cursor: FileCursor, key: string): GgufValue {
  const type = readType(cursor, key);
  switch (type) {
    case 'uint8':
      return { type, value: cursor.take(1, key).readUInt8() };
    case 'int8':
      return { type, value: cursor.take(1, key).readInt8() };
    case 'uint16':
      return { type, value: cursor.take(2, key).readUInt16LE() };
    case 'int16':
      return { type, value: cursor.take(2, key).readInt16LE() };
    case 'uint32':
      return { type, value: cursor.take(4, key).readUInt32LE() };
    case 'int32':
      return { type, value: cursor.take(4, key).readInt32LE() };
    case 'float32':
      return { type, value: cursor.take(4, key).readFloatLE() };
    case 'float64':
      return { type, value: cursor.take(8, key).readDoubleLE() };
    case 'bool':
      return { type, value: cursor.take(1, key).readUInt8() !== 0 };
    case 'uint64':
      return { type, value: cursor.take(8, key).readBigUInt64LE() };
    case 'int64':
      return { type, value: cursor.take(8, key).readBigInt64LE() };
    case 'string':
      return { type, value: cursor.string(key, limits.stringBytes) };
    case 'array': {
      const of = readType(cursor, key);
      if (of === 'array') throw cursor.fail(`${JSON.stringify(key)} is an array of arrays`);
      return { type, of, value: readArray(cursor, key, of) };
    }
    default:
      return type satisfies never;
  }
}

const elementBytes = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  bool: 1,
  string: 8,
  uint64: 8,
  int64: 8,
  float64: 8,
} as const satisfies Record<Exclude<GgufValueType, 'array'>, number>;

function readArray(cursor: FileCursor, key: string, of: Exclude<GgufValueType, 'array'>): GgufArray {
  const size = elementBytes[of];
  const count = cursor.count(`the length of ${key}`, size, limits.arrayElements);
  if (of === 'string') {
    const strings: string[] = [];
    for (let index = 0; index < count; index++) strings.push(cursor.string(key, limits.stringBytes));
    return strings;
  }
  // Copied, so that typed arrays are aligned and outlive the cursor's chunk.
  const buffer = new Uint8Array(cursor.take(count * size, key)).buffer;
  switch (of) {
    case 'bool':
      return Array.from(new Uint8Array(buffer), (byte) => byte !== 0);
    case 'uint8':
      return new Uint8Array(buffer);
    case 'int8':
      return new Int8Array(buffer);
    case 'uint16':
      return new Uint16Array(buffer);
    case 'int16':
      return new Int16Array(buffer);
    case 'uint32':
      return new Uint32Array(buffer);
    case 'int32':
      return new Int32Array(buffer);
    case 'float32':
      return new Float32Array(buffer);
    case 'float64':
      return new Float64Array(buffer);
    case 'uint64':
      return new BigUint64Array(buffer);
    case 'int64':
      return new BigInt64Array(buffer);
    default:
      return of satisfies never;
  }
}

function readAlignment(path: string, metadata: ReadonlyMap<string, GgufValue>): number {
  const entry = metadata.get('general.alignment');
  if (entry === undefined) return 32;
  if (entry.type !== 'uint32') throw invalidGguf(path, `general.alignment is ${entry.type}, not uint32`);
  const { value } = entry;
  if (value === 0 || value > limits.alignment || (value & (value - 1)) !== 0) {
    throw invalidGguf(path, `general.alignment is ${value}, not a power of two up to ${limits.alignment}`);
  }
  return value;
}

/** `offset` is still from the start of the data. */
function readTensorInfos(cursor: FileCursor, count: number): GgufTensorInfo[] {
  const infos: GgufTensorInfo[] = [];
  const names = new Set<string>();
  for (let index = 0; index < count; index++) {
    const info = readTensorInfo(cursor, index);
    if (names.has(info.name)) throw cursor.fail(`tensor ${JSON.stringify(info.name)} comes twice`);
    names.add(info.name);
    infos.push(info);
  }
  return infos;
}

function readTensorInfo(cursor: FileCursor, index: number): GgufTensorInfo {
  const name = cursor.string(`the name of tensor ${index}`, limits.nameBytes);
  const label = `tensor ${JSON.stringify(name)}`;
  const dimensions = cursor.uint32(`the dimensions of ${label}`);
  if (dimensions > limits.dimensions) {
    throw cursor.fail(`${label} has ${dimensions} dimensions, at most ${limits.dimensions} are possible`);
  }
  const sizes: bigint[] = [];
  for (let axis = 0; axis < dimensions; axis++) sizes.push(cursor.uint64(`the shape of ${label}`));
  const typeId = cursor.uint32(`the type of ${label}`);
  const type = ggmlTypeById(typeId);
  if (type === undefined) throw cursor.fail(`${label} has the unknown type ${typeId}`);
  // In bigint: a product of four 64-bit sizes overflows everything else. No tensor is larger than the
  // file, and even a one-bit type has at most 8 elements a byte.
  const elements = sizes.reduce((product, size) => product * size, 1n);
  const most = BigInt(cursor.fileBytes) * 8n;
  if (elements > most || sizes.some((size) => size > most)) {
    throw cursor.fail(`${label} has the shape ${sizes.join('×')}, too large for the file`);
  }
  const shape = sizes.map(Number);
  if ((shape[0] ?? 1) % type.blockSize !== 0) {
    throw cursor.fail(
      `${label} of type ${type.name} has ${shape[0] ?? 1} elements a row, not a multiple of ${type.blockSize}`,
    );
  }
  const offset = cursor.uint64(`the offset of ${label}`);
  if (offset > BigInt(cursor.fileBytes)) {
    throw cursor.fail(`${label} starts at ${offset}, after the end of the file`);
  }
  return { name, shape, type, offset: Number(offset), bytes: tensorBytes(type, shape) };
}

/** Tensors must follow one another without holes or overlaps, each padded to the alignment. */
function placeTensors(
  cursor: FileCursor,
  infos: readonly GgufTensorInfo[],
  dataOffset: number,
  alignment: number,
): GgufTensorInfo[] {
  let expected = 0;
  return infos.map((info) => {
    if (info.offset !== expected) {
      throw cursor.fail(`tensor ${JSON.stringify(info.name)} starts at ${info.offset}, expected ${expected}`);
    }
    const end = dataOffset + info.offset + info.bytes;
    if (end > cursor.fileBytes) {
      throw cursor.fail(
        `tensor ${JSON.stringify(info.name)} ends at ${end}, the file has ${cursor.fileBytes} bytes`,
      );
    }
    expected = pad(expected + info.bytes, alignment);
    return { ...info, offset: dataOffset + info.offset };
  });
}
