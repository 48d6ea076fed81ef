/// <reference lib="esnext.float16" />
/**
 * safetensors: an 8-byte little-endian header length, a JSON header, then the tensors' bytes.
 * Every number in a file is checked against the file's size before it is believed, so a broken or
 * hostile file costs an error, not memory. Assumes a little-endian machine, as every platform that
 * Node's TensorFlow supports is.
 * Format: https://github.com/huggingface/safetensors#format
 */
import { AppError } from '../errors.ts';

/** Bytes of one element, in the order in which the Python library lays tensors out. */
const elementBytes = {
  U64: 8,
  I64: 8,
  F64: 8,
  F32: 4,
  U32: 4,
  I32: 4,
  BF16: 2,
  F16: 2,
  U16: 2,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;
const layoutOrder = Object.keys(elementBytes);

type Dtype = keyof typeof elementBytes;

/** One tensor as stored: row-major, little-endian. */
export interface StoredTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export interface Safetensors {
  /** In the order of their bytes in the file. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

const maxHeaderBytes = 100_000_000;

/**
 * Reads a whole file's bytes. The tensors are views into `content`, not copies.
 * @throws AppError FILE_INVALID
 */
export function decodeSafetensors(content: Uint8Array): Safetensors {
  // A plain array even when a Buffer is given: a Buffer's slice() shares memory, to everyone's surprise.
  const file = new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
  if (file.byteLength < 8) invalid(`it has ${file.byteLength} bytes and needs at least 8`);
  const headerLength = new DataView(file.buffer, file.byteOffset).getBigUint64(0, true);
  const room = Math.min(file.byteLength - 8, maxHeaderBytes);
  if (headerLength > BigInt(room))
    invalid(`its header claims ${headerLength} bytes; there is room for ${room}`);
  const header = parseHeader(file.subarray(8, 8 + Number(headerLength)));
  const data = file.subarray(8 + Number(headerLength));

  const metadata = new Map<string, string>();
  const placed: { name: string; begin: number; end: number; tensor: StoredTensor }[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') {
      if (!isRecord(value)) invalid('its __metadata__ is not an object');
      for (const [key, text] of Object.entries(value)) {
        if (typeof text !== 'string') invalid(`its metadata "${key}" is not a text`);
        metadata.set(key, text);
      }
    } else {
      placed.push({ name, ...placeTensor(name, value, data) });
    }
  }

  // Sorted by place, each tensor must begin where the one before it ended: no holes, no overlaps.
  placed.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = 0;
  for (const { name, begin, end } of placed) {
    if (begin !== position) invalid(`tensor "${name}" begins at byte ${begin}; ${position} was expected`);
    position = end;
  }
  if (position !== data.byteLength) {
    invalid(`its tensors end at byte ${position} of ${data.byteLength} bytes of data`);
  }
  return { tensors: new Map(placed.map(({ name, tensor }) => [name, tensor])), metadata };
}

/**
 * Writes tensors so that each begins at a multiple of its element size (largest elements first, then
 * by name), with the header padded to 8 bytes: byte for byte what the Python library writes.
 */
export function encodeSafetensors(
  tensors: Iterable<readonly [string, StoredTensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const order = (tensor: StoredTensor) => layoutOrder.indexOf(tensor.dtype);
  const sorted = [...tensors].sort(([a, x], [b, y]) => order(x) - order(y) || (a < b ? -1 : 1));
  const entries: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) entries.push(['__metadata__', metadata]);
  let end = 0;
  for (const [name, tensor] of sorted) {
    const begin = end;
    end += tensor.bytes.byteLength;
    const expected = elementCount(tensor.shape) * elementBytes[tensor.dtype];
    if (tensor.bytes.byteLength !== expected) {
      throw new AppError(
        'INTERNAL',
        `Tensor "${name}" ${tensor.dtype} [${tensor.shape}] has ${tensor.bytes.byteLength} bytes; its shape needs ${expected}.`,
      );
    }
    entries.push([name, { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [begin, end] }]);
  }
  // fromEntries defines own properties, so that even "__proto__" is a name like any other.
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const headerLength = Math.ceil(json.byteLength / 8) * 8;
  const file = new Uint8Array(8 + headerLength + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true);
  file.fill(0x20, 8, 8 + headerLength);
  file.set(json, 8);
  let offset = 8 + headerLength;
  for (const [, tensor] of sorted) {
    file.set(tensor.bytes, offset);
    offset += tensor.bytes.byteLength;
  }
  return file;
}

/** A float tensor to store as F32 (exact), or as F16 or BF16 (rounded to nearest, ties to even). */
export function storeFloats(
  values: Float32Array,
  shape: readonly number[],
  dtype: 'F32' | 'F16' | 'BF16' = 'F32',
): StoredTensor {
  switch (dtype) {
    case 'F32':
      return { dtype, shape, bytes: bytesOf(values) };
    case 'F16':
      return { dtype, shape, bytes: bytesOf(Float16Array.from(values)) };
    case 'BF16': {
      const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
      const rounded = Uint16Array.from(bits, (word, index) =>
        // Rounding would carry some NaNs into infinity; a set quiet bit keeps them NaN.
        Number.isNaN(values[index]) ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16,
      );
      return { dtype, shape, bytes: bytesOf(rounded) };
    }
    default:
      return dtype satisfies never;
  }
}

/**
 * A stored F32, F16 or BF16 tensor as floats; a copy, so the file's bytes can be let go.
 * @throws AppError FILE_INVALID for other dtypes.
 */
export function loadFloats(tensor: StoredTensor): Float32Array<ArrayBuffer> {
  const { buffer } = new Uint8Array(tensor.bytes);
  switch (tensor.dtype) {
    case 'F32':
      return new Float32Array(buffer);
    case 'F16':
      return Float32Array.from(new Float16Array(buffer));
    case 'BF16':
      return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (half) => half << 16).buffer);
    default:
      return invalid(`a float tensor was expected, not ${tensor.dtype}`);
  }
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (isRecord(header)) return header;
  } catch (cause) {
    return invalid('its header is not UTF-8 JSON', cause);
  }
  return invalid('its header is not a JSON object');
}

function placeTensor(
  name: string,
  value: unknown,
  data: Uint8Array,
): { begin: number; end: number; tensor: StoredTensor } {
  if (!isRecord(value)) return invalid(`the entry of tensor "${name}" is not an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(elementBytes, dtype)) {
    return invalid(`tensor "${name}" has the unknown dtype ${JSON.stringify(dtype)}`);
  }
  if (!isSizes(shape)) return invalid(`the shape of tensor "${name}" is not a list of sizes`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    return invalid(`the data_offsets of tensor "${name}" are not two sizes`);
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > data.byteLength) {
    return invalid(`tensor "${name}" lies at bytes ${begin} to ${end} of ${data.byteLength}`);
  }
  const expected = elementCount(shape) * elementBytes[dtype as Dtype];
  if (end - begin !== expected) {
    return invalid(`tensor "${name}" has ${end - begin} bytes; ${dtype} [${shape}] needs ${expected}`);
  }
  return { begin, end, tensor: { dtype: dtype as Dtype, shape, bytes: data.subarray(begin, end) } };
}

/** May round or be infinite for absurd shapes; such a product equals no true byte count below 2^53. */
function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function bytesOf(array: Float32Array | Float16Array | Uint16Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function invalid(what: string, cause?: unknown): never {
  throw new AppError('FILE_INVALID', `Not a valid safetensors file: ${what}.`, {
    hint: 'Get the file again; it may be damaged or cut short.',
    cause,
  });
}
